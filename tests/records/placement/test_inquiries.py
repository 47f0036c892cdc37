"""Inquiries from outside: by explicit choice, with a consent, into one programme and nowhere else."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.placement.conftest import VERSION, Json
from tests.support.gateways import PlayedGateway, held_while_asked


async def listed(caller: httpx2.AsyncClient, site_id: UUID) -> list[Json]:
    answer = await caller.get("/v1/referrals", params={"site_id": str(site_id)})
    items: list[Json] = answer.json()["items"]
    return items


async def test_an_inquiry_becomes_a_referral_with_what_was_chosen_to_go_along(
    anybody: httpx2.AsyncClient, director: httpx2.AsyncClient, inquiry: Json, site_id: UUID
) -> None:
    helper = {"version": VERSION, "answers": {"home": "stable"}}

    bare = await anybody.post("/v1/placement_inquiries", json=inquiry)
    along = await anybody.post("/v1/placement_inquiries", json=inquiry | {"helper": helper})

    assert [one.status_code for one in (bare, along)] == [201, 201]
    assert set(bare.json()) == {"programme", "received_at", "next"}
    first, second = sorted(await listed(director, site_id), key=lambda one: one["received_at"])
    assert (first["source"], first["person"]["family_name"]) == ("public_helper", "Quill")
    assert first["helper"]["answers"] == {}
    assert second["helper"] == {
        "consent_version": inquiry["consent"]["version"],
        "version": VERSION,
        "answers": {"home": "stable"},
    }


async def test_nothing_of_an_inquiry_lies_open_and_the_trail_says_it_came(
    anybody: httpx2.AsyncClient,
    inquiry: Json,
    records_database: Database,
    organization_id: UUID,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await anybody.post("/v1/placement_inquiries", json=inquiry)

    async with records_database.read(OrganizationId(organization_id)) as read:
        kept = str(await read.connection.fetch("select * from referrals"))
        referral = await read.connection.fetchval("select id from referrals")
        events = [orjson.loads(row["event"]) for row in await read.connection.fetch("select event from audit_events")]
    logged = capsys.readouterr().out

    (event,) = [one for one in events if one["operation"] == "create_placement_inquiry"]
    assert (event["subjects"], event["basis"], event["roles"]) == ([str(referral)], "own-request", [])
    text = kept + logged + str(events)
    assert not [word for word in ("Canary", "Quill", "5550177") if word in text]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"consent": {"version": "2020-01-01", "is_agreed": True}}, "/consent/version"),
        ({"consent": {"version": VERSION, "is_agreed": False}}, "/consent/is_agreed"),
        ({"consent": None}, "/consent"),
        ({"person": {"given_name": "A", "family_name": "B"}}, "/person/permissions/channels"),
        ({"helper": {"version": VERSION, "answers": {"home": "palace"}}}, "/helper/answers"),
        ({"helper": {"version": "2020-01-01", "answers": {}}}, "/helper/version"),
    ],
)
async def test_an_inquiry_without_consent_or_a_way_back_is_refused(
    *,
    anybody: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    inquiry: Json,
    site_id: UUID,
    changes: Json,
    pointer: str,
) -> None:
    answer = await anybody.post("/v1/placement_inquiries", json=inquiry | changes)

    assert (answer.status_code, [field["pointer"] for field in answer.json()["errors"]]) == (422, [pointer])
    assert await listed(director, site_id) == []


async def test_a_door_leads_to_one_organization_until_it_is_closed(
    *,
    anybody: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    stranger: httpx2.AsyncClient,
    door: Json,
    inquiry: Json,
    site_id: UUID,
) -> None:
    path = f"/v1/intake_doors/{door['id']}:close"
    unknown = await anybody.post("/v1/placement_inquiries", json=inquiry | {"door_id": str(uuid4())})
    by_stranger = await stranger.post(path)
    assert (await anybody.post("/v1/placement_inquiries", json=inquiry)).status_code == 201

    closed = await director.post(path)
    again = await director.post(path)
    late = await anybody.post("/v1/placement_inquiries", json=inquiry)

    assert [one.status_code for one in (unknown, by_stranger, closed, again, late)] == [404, 404, 200, 409, 404]
    assert late.json() | {"instance": ""} == unknown.json() | {"instance": ""}
    assert (await listed(stranger, site_id), len(await listed(director, site_id))) == ([], 1)


async def test_doors_are_listed_to_their_own_organization(
    records: ClientFactory, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient, door: Json, site_id: UUID
) -> None:
    body: dict[str, Any] = {"site_id": str(site_id), "name": "Second"}
    second = (await director.post("/v1/intake_doors", json=body)).json()
    refused = await records(Role.COUNSELLOR).post("/v1/intake_doors", json=body)

    assert {one["id"] for one in (await director.get("/v1/intake_doors")).json()["items"]} == {door["id"], second["id"]}
    assert (await stranger.get("/v1/intake_doors")).json()["items"] == []
    assert refused.status_code == 403


async def test_a_closed_organization_takes_in_no_inquiry_and_says_where_to_turn(
    *,
    anybody: httpx2.AsyncClient,
    director: httpx2.AsyncClient,
    inquiry: Json,
    site_id: UUID,
    organization_id: UUID,
    played_gateway: PlayedGateway,
) -> None:
    played_gateway.closed.add(organization_id)

    refused = await anybody.post("/v1/placement_inquiries", json=inquiry)

    assert (refused.status_code, refused.json()["code"]) == (404, "programme-closed")
    assert "directory" in refused.json()["detail"]
    assert await listed(director, site_id) == []


async def test_no_connection_is_held_while_the_gateway_is_asked_about_an_inquiry(
    *,
    anybody: httpx2.AsyncClient,
    records_app: object,
    inquiry: Json,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = held_while_asked(records_app, played_gateway, monkeypatch)

    answer = await anybody.post("/v1/placement_inquiries", json=inquiry)

    assert (answer.status_code, held) == (201, [0])
