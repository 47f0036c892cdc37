"""What no rule answers waits for a person: investigations, and the lists that patients ask of intermediaries."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.consents.conftest import NewRecipient, code_of
from tests.records.disclosures.conftest import Disclose
from tests.records.draw_programmes.conftest import At, at

__all__ = ["at"]

Json = dict[str, Any]
ASKED: Json = {"kind": "investigation", "received_on": "2026-10-01", "told": "A detective asked for Canary's notes."}
LIST: Json = {"kind": "disclosure_list", "received_on": "2026-09-10", "told": "A letter."}
LISTED = {"name": "Harbour Hospital", "on": "2026-08-01", "description": "Medication list"}
LAST_DAY_EVERYWHERE, DAY_AFTER = "2026-10-11T11:59:00Z", "2026-10-11T12:00:00Z"


@pytest.fixture
async def exchange(new_recipient: NewRecipient) -> Json:
    return await new_recipient(name="Harbour Exchange", kind="intermediary", hipaa_bound=False)


@pytest.fixture
async def police(new_recipient: NewRecipient) -> Json:
    return await new_recipient(name="County police", kind="law_enforcement", hipaa_bound=False)


async def record(client: httpx2.AsyncClient, **changes: Any) -> httpx2.Response:
    return await client.post("/v1/legal_requests", json={**ASKED, **changes})


async def waiting(client: httpx2.AsyncClient, **asked: Any) -> list[Json]:
    answer = await client.get("/v1/legal_requests", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def settle(client: httpx2.AsyncClient, request: Json, outcome: str, **more: Any) -> httpx2.Response:
    body = {"outcome": outcome, "told": "By counsel.", **more}
    return await client.post(f"/v1/legal_requests/{request['id']}:settle", json=body)


async def test_no_request_was_received_on_a_day_that_has_begun_nowhere(director: httpx2.AsyncClient) -> None:
    """It is noon of 2 October in UTC, and the third in Kiritimati. Before, a list could be due next year."""
    days = [await record(director, received_on=day) for day in ("2026-10-03", "2026-10-04")]

    assert [one.status_code for one in days] == [201, 422]
    assert days[1].json()["errors"][0]["pointer"] == "/received_on"


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.NURSE, Role.LAB, Role.BILLING])
async def test_whoever_is_asked_hands_it_on_and_a_person_settles_it(
    records: ClientFactory, director: httpx2.AsyncClient, role: Role
) -> None:
    asked = await record(records(role))
    (found,) = await waiting(records(Role.AUDITOR))
    settled = await settle(director, found, "order_awaited")

    assert (asked.status_code, found) == (201, asked.json())
    assert (found["due_on"], found["is_overdue"], found["outcome"]) == (None, False, None)
    assert (settled.status_code, settled.json()["answer"]) == (200, "By counsel.")
    assert await waiting(director) == []
    assert await waiting(director, is_open=False) == [settled.json()]


async def test_a_disclosure_that_is_denied_for_an_investigation_waits_for_a_person_once(
    *, planned: Json, police: Json, director: httpx2.AsyncClient, disclose: Disclose
) -> None:
    """Before, the denial told to hand the request to the director, and nobody did."""
    asked = {"recipient_id": police["id"], "purpose": "investigation"}
    first, second = [await disclose(planned["id"], **asked) for _ in range(2)]

    (found,) = await waiting(director)
    await settle(director, found, "refused")
    third = await disclose(planned["id"], **asked)

    assert [code_of(one) for one in (first, second, third)] == ["investigation-goes-to-a-person"] * 3
    assert (found["patient_id"], found["recipient_id"]) == (planned["id"], police["id"])
    assert [one["outcome"] for one in await waiting(director, is_open=False)] == ["refused", None]


async def test_an_intermediary_has_thirty_days_for_its_list(
    *, planned: Json, exchange: Json, director: httpx2.AsyncClient, at: At
) -> None:
    of = {**LIST, "patient_id": planned["id"], "recipient_id": exchange["id"]}
    asked = await record(director, **of)

    (on_time,), (late,) = await waiting(at(LAST_DAY_EVERYWHERE)), await waiting(at(DAY_AFTER))
    listed = await settle(director, asked.json(), "answered", disclosures=[LISTED])

    assert (asked.status_code, asked.json()["due_on"]) == (201, "2026-10-10")
    assert (on_time["is_overdue"], late["is_overdue"]) == (False, True)
    assert (listed.status_code, listed.json()["disclosures"]) == (200, [LISTED])
    assert [one["is_overdue"] for one in await waiting(at(DAY_AFTER), is_open=False)] == [False]


@pytest.mark.parametrize(
    ("kind", "outcome", "more", "pointer"),
    [
        ("investigation", "answered", {}, "/outcome"),
        ("investigation", "refused", {"disclosures": []}, "/disclosures"),
        ("disclosure_list", "order_awaited", {}, "/outcome"),
        ("disclosure_list", "answered", {}, "/disclosures"),
    ],
)
async def test_a_settlement_that_does_not_fit_is_refused(
    *, planned: Json, exchange: Json, director: httpx2.AsyncClient, kind: str, outcome: str, more: Json, pointer: str
) -> None:
    asked = await record(director, kind=kind, patient_id=planned["id"], recipient_id=exchange["id"])

    refused = await settle(director, asked.json(), outcome, **more)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert [one["outcome"] for one in await waiting(director)] == [None]


async def test_what_is_settled_is_settled_and_what_is_nowhere_is_not_found(director: httpx2.AsyncClient) -> None:
    asked = (await record(director)).json()
    await settle(director, asked, "refused")

    again, nowhere = await settle(director, asked, "order_awaited"), await settle(director, {"id": uuid4()}, "refused")

    assert (again.status_code, code_of(again), nowhere.status_code) == (409, "over-already", 404)


async def test_a_list_is_asked_of_an_intermediary_by_a_patient_who_is_here(
    *, planned: Json, police: Json, exchange: Json, director: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    of_police = await record(director, **LIST, patient_id=planned["id"], recipient_id=police["id"])
    of_nobody = await record(director, **LIST, recipient_id=exchange["id"])
    elsewhere = await record(stranger, patient_id=planned["id"])

    assert [one.status_code for one in (of_police, of_nobody, elsewhere)] == [422, 422, 404]
    assert of_police.json()["errors"][0]["pointer"] == "/recipient_id"


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.COUNSELLOR, Role.PATIENT])
async def test_who_hands_it_on_does_not_settle_it(
    records: ClientFactory, director: httpx2.AsyncClient, role: Role
) -> None:
    asked = (await record(director)).json()

    assert (await settle(records(role), asked, "refused")).status_code == 403
    assert (await records(role).get("/v1/legal_requests")).status_code == 403
