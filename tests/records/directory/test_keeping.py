"""How the directory is filled, and what a programme may state of itself."""

from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.records.placement_helper.reading import helper
from tests.conftest import ClientFactory
from tests.records.directory.conftest import Import, Json, entry, found, names, statement

ATTESTED: Json = {
    "staff_credentials": [{"credential": "Licensed clinical alcohol and drug counselor", "people": 4}],
    "languages": ["es"],
    "sessions": [
        {"weekday": "MO", "start": "18:00", "end": "21:00"},
        {"weekday": "SA", "start": "09:00", "end": "12:00"},
    ],
}


@pytest.fixture
async def programme_id(anybody: httpx2.AsyncClient, enter: Import) -> str:
    await enter(entry("Kept", 40.0, -74.0, statement("practices", "CBT")))
    known: str = (await found(anybody, region="NJ"))[0]["programme"]["id"]
    return known


@pytest.fixture
async def own_programme(platform: httpx2.AsyncClient, programme_id: str, organization_id: UUID) -> str:
    path = f"/v1/directory_programmes/{programme_id}:set_keeper"
    answer = await platform.post(path, json={"organization_id": str(organization_id)})
    assert answer.status_code == 200, answer.text
    return programme_id


async def test_the_same_file_twice_changes_nothing_and_a_newer_one_replaces_what_it_says(
    anybody: httpx2.AsyncClient, enter: Import
) -> None:
    old = [entry("A", 40.0, -74.0, statement("practices", "CBT")), entry("B", 40.1, -74.0)]
    new = entry("A", 40.0, -74.0, statement("practices", "Matrix Model"))

    counts = [await enter(*old), await enter(*old), await enter(new, as_of="2026-10-01"), await enter(*old)]

    assert [(one["added"], one["changed"], one["unchanged"]) for one in counts] == [
        (2, 0, 0),
        (0, 0, 2),
        (0, 1, 0),
        # The older file comes again: it takes nothing back.
        (0, 0, 2),
    ]
    first = (await found(anybody, region="NJ"))[0]["programme"]
    assert (first["source"]["as_of"], [fact["value"] for fact in first["facts"]]) == ("2026-10-01", ["Matrix Model"])


async def test_another_address_is_another_programme_and_letters_make_none(
    anybody: httpx2.AsyncClient, enter: Import
) -> None:
    counts = await enter(
        entry("Harbour", 40.0, -74.0), entry("HARBOUR ", 40.0, -74.0), entry("Harbour", 40.0, -74.0, street="2 Way")
    )

    assert counts["added"] == 2
    assert len(await found(anybody, region="NJ")) == 2


async def test_only_the_operator_of_the_installation_fills_the_directory(
    anybody: httpx2.AsyncClient, records: ClientFactory, director: httpx2.AsyncClient, programme_id: str
) -> None:
    body = {"source": "S", "as_of": "2026-09-01", "entries": [entry("X", 1, 1)]}
    keeper = {"organization_id": str(uuid4())}

    for caller, status in ((anybody, 401), (director, 403), (records(Role.ORGANIZATION_ADMIN), 403)):
        assert (await caller.post("/v1/directory_programmes:import", json=body)).status_code == status
        path = f"/v1/directory_programmes/{programme_id}:set_keeper"
        assert (await caller.post(path, json=keeper)).status_code == status


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"latitude": 95}, "/entries/0/latitude"),
        ({"region": "nj"}, "/entries/0/region"),
        ({"website": "javascript:alert(1)"}, "/entries/0/website"),
        ({"name": "bell\a"}, "/entries/0/name"),
        ({"statements": [{"facet": "rumours", "title": "T", "values": ["V"]}]}, "/entries/0/statements/0/facet"),
    ],
)
async def test_an_entry_that_is_none_is_refused_by_its_place(
    platform: httpx2.AsyncClient, changes: Json, pointer: str
) -> None:
    body = {"source": "S", "as_of": "2026-09-01", "entries": [entry("X", 1, 1) | changes]}

    answer = await platform.post("/v1/directory_programmes:import", json=body)

    assert (answer.status_code, [field["pointer"] for field in answer.json()["errors"]]) == (422, [pointer])


async def test_what_a_programme_attests_is_shown_as_its_own_word_and_can_be_searched(
    anybody: httpx2.AsyncClient, administrator: httpx2.AsyncClient, own_programme: str, enter: Import
) -> None:
    path = f"/v1/directory_programmes/{own_programme}/attestation"

    await administrator.put(path, json=ATTESTED)
    put = await administrator.put(path, json=ATTESTED)

    assert put.status_code == 200, put.text
    assert (await administrator.get(path)).json() == put.json()
    programme = (await anybody.get(f"/v1/directory_programmes/{own_programme}")).json()
    own = [fact for fact in programme["facts"] if fact["source"]["kind"] == "programme_attested"]
    assert [(fact["facet"], fact["value"], fact["title"]) for fact in own] == [
        ("hours", "evening", "When sessions are held"),
        ("hours", "morning", "When sessions are held"),
        ("hours", "weekend", "When sessions are held"),
        ("languages", "es", "Languages of treatment"),
        ("staff_credentials", "Licensed clinical alcohol and drug counselor", "4 of the staff"),
    ]
    assert own[0]["source"] == {"kind": "programme_attested", "name": "Kept", "as_of": "2026-10-02"}
    wishes = [{"facet": "hours", "any_of": ["evening"]}, {"facet": "practices", "any_of": ["CBT"]}]
    assert names(await found(anybody, wishes=wishes)) == ["Kept"]

    # The next file of the locator takes nothing of it away, and a new attestation replaces it.
    await enter(entry("Kept", 40.0, -74.0), as_of="2026-10-01")
    await administrator.put(path, json={"languages": ["es"]})
    programme = (await anybody.get(f"/v1/directory_programmes/{own_programme}")).json()
    assert [fact["value"] for fact in programme["facts"]] == ["es"]


async def test_nobody_attests_what_is_not_theirs(
    administrator: httpx2.AsyncClient, director: httpx2.AsyncClient, programme_id: str
) -> None:
    path = f"/v1/directory_programmes/{programme_id}/attestation"

    before = await administrator.put(path, json=ATTESTED)
    nowhere = await administrator.put(f"/v1/directory_programmes/{uuid4()}/attestation", json=ATTESTED)

    assert (before.status_code, nowhere.status_code) == (404, 404)
    assert {**before.json(), "instance": ""} == {**nowhere.json(), "instance": ""}
    assert (await director.put(path, json=ATTESTED)).status_code == 403


async def test_another_keeper_finds_nothing_of_what_was_attested_before(
    *,
    anybody: httpx2.AsyncClient,
    platform: httpx2.AsyncClient,
    records: ClientFactory,
    administrator: httpx2.AsyncClient,
    own_programme: str,
) -> None:
    path, other = f"/v1/directory_programmes/{own_programme}/attestation", uuid4()
    await administrator.put(path, json=ATTESTED)

    await platform.post(f"/v1/directory_programmes/{own_programme}:set_keeper", json={"organization_id": str(other)})

    programme = (await anybody.get(f"/v1/directory_programmes/{own_programme}")).json()
    assert {fact["source"]["kind"] for fact in programme["facts"]} == {"public_locator"}
    seen = [
        (await administrator.get(path)).status_code,
        (await administrator.put(path, json=ATTESTED)).status_code,
        (await records(Role.ORGANIZATION_ADMIN, organization=other).get(path)).status_code,
        (await records(Role.ORGANIZATION_ADMIN, organization=other).put(path, json=ATTESTED)).status_code,
    ]
    assert seen == [404, 404, 404, 200]


@pytest.mark.parametrize(
    "body",
    [
        {"staff_credentials": [{"credential": "LCADC", "people": 1}, {"credential": "lcadc", "people": 2}]},
        {"languages": ["Spanish!"]},
        {"sessions": [{"weekday": "MO", "start": "21:00", "end": "18:00"}]},
        {"staff_credentials": [{"credential": "LCADC", "people": 0}]},
    ],
)
async def test_an_attestation_that_says_nothing_clear_is_refused(
    administrator: httpx2.AsyncClient, own_programme: str, body: Json
) -> None:
    answer = await administrator.put(f"/v1/directory_programmes/{own_programme}/attestation", json=body)

    assert answer.status_code == 422


async def test_who_may_attest_and_who_did_is_in_the_organization_s_trail(
    administrator: httpx2.AsyncClient, own_programme: str, records_database: Database, organization_id: UUID
) -> None:
    await administrator.put(f"/v1/directory_programmes/{own_programme}/attestation", json=ATTESTED)

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch("select event from audit_events")
    events = [orjson.loads(row["event"]) for row in rows]
    # The trail is kept in lanes, so that rows come in no order of their own.
    assert sorted(event["operation"] for event in events) == ["put_directory_attestation", "set_directory_keeper"]


async def open_door(client: httpx2.AsyncClient, programme_id: str, site_id: UUID) -> httpx2.Response:
    body = {"site_id": str(site_id), "name": "Harbour Street", "programme_id": programme_id}
    return await client.post("/v1/intake_doors", json=body)


async def door_of(anybody: httpx2.AsyncClient, programme_id: str) -> str | None:
    (searched,) = await found(anybody, region="NJ")
    read = (await anybody.get(f"/v1/directory_programmes/{programme_id}")).json()
    assert searched["programme"]["intake_door_id"] == read["intake_door_id"]
    door: str | None = read["intake_door_id"]
    return door


async def test_a_programme_of_the_directory_is_asked_by_its_door_and_the_inquiry_becomes_a_referral(
    *, anybody: httpx2.AsyncClient, director: httpx2.AsyncClient, own_programme: str, site_id: UUID, enter: Import
) -> None:
    before = await door_of(anybody, own_programme)
    opened = await open_door(director, own_programme, site_id)
    # A newer file of the locator knows no doors, and takes none away.
    await enter(entry("Kept", 40.0, -74.0, statement("practices", "Matrix Model")), as_of="2026-09-20")
    door = await door_of(anybody, own_programme)
    inquiry = {
        "door_id": door,
        "person": {
            "given_name": "Ada",
            "family_name": "Quill",
            "phone": "+15550177",
            "permissions": {"channels": ["phone"]},
        },
        "consent": {"version": helper().inquiry_consent.version, "is_agreed": True},
    }
    sent = await anybody.post("/v1/placement_inquiries", json=inquiry)
    referrals = (await director.get("/v1/referrals", params={"site_id": str(site_id)})).json()["items"]
    closed = await director.post(f"/v1/intake_doors/{door}:close")

    assert (before, opened.status_code, sent.status_code, closed.status_code) == (None, 201, 201, 200)
    assert door == opened.json()["id"]
    assert [(one["source"], one["person"]["family_name"]) for one in referrals] == [("public_helper", "Quill")]
    assert await door_of(anybody, own_programme) is None


async def test_a_door_is_shown_with_nobody_else_s_programme(
    *, anybody: httpx2.AsyncClient, director: httpx2.AsyncClient, platform: httpx2.AsyncClient, programme_id: str,
    site_id: UUID, organization_id: UUID,
) -> None:  # fmt: skip
    path = f"/v1/directory_programmes/{programme_id}:set_keeper"
    refused = [await open_door(director, one, site_id) for one in (programme_id, str(uuid4()))]
    none_opened = (await director.get("/v1/intake_doors")).json()["items"]
    await platform.post(path, json={"organization_id": str(organization_id)})
    assert (await open_door(director, programme_id, site_id)).status_code == 201
    await platform.post(path, json={"organization_id": str(organization_id)})
    kept = await door_of(anybody, programme_id)
    await platform.post(path, json={"organization_id": str(uuid4())})

    assert [(one.status_code, one.json()["errors"][0]["pointer"]) for one in refused] == [(422, "/programme_id")] * 2
    assert none_opened == []
    assert kept is not None
    assert await door_of(anybody, programme_id) is None
