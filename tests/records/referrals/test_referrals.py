"""Referrals through their routes: who asked, how they may be reached, how they are admitted."""

from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.records.referrals.conftest import ADMISSION, PERSON, Act, Json, Refer


def pointers(answer: httpx2.Response) -> list[str]:
    return [field["pointer"] for field in answer.json()["errors"]]


async def contact(director: httpx2.AsyncClient, referral: Json, **changes: Any) -> httpx2.Response:
    body = {"channel": "phone", "outcome": "reached", **changes}
    return await director.post(f"/v1/referrals/{referral['id']}/contacts", json=body)


async def read(caller: httpx2.AsyncClient, referral: Json) -> Json:
    answer = await caller.get(f"/v1/referrals/{referral['id']}")
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def test_a_person_is_referred_reached_seen_and_admitted(
    director: httpx2.AsyncClient, refer: Refer, act: Act, site_id: UUID
) -> None:
    referral = await refer(source="hospital", source_name="Harbour Hospital", urgency="urgent")
    assert (referral["intake_due_at"], referral["status"]) == ("2026-10-03T12:30:00Z", "open")
    assert (await contact(director, referral, at="2026-10-01T15:00:00Z")).json()["was_permitted"] is True
    referral = await read(director, referral)
    for verb, body in (
        ("plan_intake", {"planned_at": "2026-10-02T11:00:00Z"}),
        ("hold_intake", {"held_at": "2026-10-02T11:05:00Z"}),
        ("admit", ADMISSION),
    ):
        answer = await act(referral, verb, body)
        assert answer.status_code == 200, answer.text
        referral = answer.json()

    assert referral == await read(director, referral)
    assert (referral["status"], referral["first_reached_at"]) == ("admitted", "2026-10-01T15:00:00Z")
    patient = (await director.get(f"/v1/patients/{referral['patient_id']}")).json()
    episode = (await director.get(f"/v1/episodes/{referral['episode_id']}")).json()
    assert (patient["family_name"], patient["birth_date"], patient["site_id"]) == (
        "Miller",
        "1991-04-05",
        str(site_id),
    )
    assert (episode["patient_id"], episode["admitted_on"]) == (patient["id"], "2026-10-01")


async def test_a_patient_who_comes_back_is_found_and_not_made_again(
    director: httpx2.AsyncClient, refer: Refer, act: Act, new_patient: PatientFactory
) -> None:
    known = await new_patient(given_name="ADA ", family_name="Miller", birth_date="1991-04-05")
    await new_patient(given_name="Ada", family_name="Miller", birth_date="1991-04-06")
    referral = await refer()

    refused = await act(referral, "admit", ADMISSION)
    found = await act(referral, "admit", {**ADMISSION, "patient_id": known["id"]})

    assert (refused.status_code, refused.json()["code"]) == (409, "patient-known")
    assert refused.json()["patient_ids"] == [known["id"]]
    assert found.json()["patient_id"] == known["id"]
    assert len((await director.get("/v1/patients")).json()["items"]) == 2
    again = await act(await refer(), "admit", {**ADMISSION, "patient_id": known["id"]})
    assert (again.status_code, again.json()["type"]) == (409, "urn:eventide:problem:already-exists")


async def test_a_patient_who_comes_back_is_found_by_what_was_corrected_and_not_by_the_slip(
    director: httpx2.AsyncClient, refer: Refer, act: Act, new_patient: PatientFactory
) -> None:
    slip = await new_patient(given_name="Ada", family_name="Miler", birth_date="1991-04-05")
    corrected = await director.post(
        f"/v1/patients/{slip['id']}:correct",
        json={"family_name": "Miller", "reason": "entered_wrongly"},
        headers={"if-match": '"1"'},
    )
    assert corrected.status_code == 200, corrected.text

    refused = await act(await refer(), "admit", ADMISSION)

    assert refused.json()["patient_ids"] == [slip["id"]]


async def test_a_patient_from_before_likeness_was_kept_is_found_too(
    refer: Refer, act: Act, new_patient: PatientFactory, records_database: Database, organization_id: UUID
) -> None:
    known = await new_patient(given_name="Ada", family_name="Miller", birth_date="1991-04-05")
    async with records_database.command(OrganizationId(organization_id)) as db:
        connection = (await (await db.connection()).get_raw_connection()).driver_connection
        assert connection is not None
        await connection.execute("update patients set likeness = null")

    refused = await act(await refer(), "admit", ADMISSION)

    assert refused.json()["patient_ids"] == [known["id"]]


async def test_somebody_of_the_same_name_may_be_another_person(
    refer: Refer, act: Act, new_patient: PatientFactory
) -> None:
    known = await new_patient(given_name="Ada", family_name="Miller", birth_date="1991-04-05")

    admitted = await act(await refer(), "admit", {**ADMISSION, "is_another_person": True})

    assert admitted.status_code == 200
    assert admitted.json()["patient_id"] != known["id"]


async def test_another_organization_s_patients_are_nobody_s_likeness(
    stranger: httpx2.AsyncClient, refer: Refer, act: Act, patient_body: Json
) -> None:
    body = patient_body | {"given_name": "Ada", "family_name": "Miller", "birth_date": "1991-04-05"}
    theirs = (await stranger.post("/v1/patients", json=body)).json()
    referral = await refer()

    by_id = await act(referral, "admit", {**ADMISSION, "patient_id": theirs["id"]})
    anew = await act(referral, "admit", ADMISSION)

    assert [one.status_code for one in (by_id, anew)] == [404, 200]


async def test_a_new_patient_needs_a_birth_date(refer: Refer, act: Act) -> None:
    referral = await refer(person=PERSON | {"birth_date": None})

    without = await act(referral, "admit", ADMISSION)
    given = await act(referral, "admit", {**ADMISSION, "birth_date": "1991-04-05"})

    assert (pointers(without), given.status_code) == (["/birth_date"], 200)


async def test_an_admission_that_fails_makes_no_patient(director: httpx2.AsyncClient, refer: Refer, act: Act) -> None:
    answer = await act(await refer(), "admit", ADMISSION | {"admitted_on": "2026-11-01"})

    assert answer.status_code == 422
    assert (await director.get("/v1/patients")).json()["items"] == []


@pytest.mark.parametrize(
    ("attempt", "permitted"),
    [
        ({"channel": "phone", "outcome": "no_answer"}, True),
        ({"channel": "phone", "outcome": "message_left"}, False),
        ({"channel": "email", "outcome": "reached"}, False),
        ({"channel": "in_person", "outcome": "reached"}, True),
    ],
)
async def test_a_way_that_was_not_allowed_is_written_down_as_such(
    director: httpx2.AsyncClient, refer: Refer, attempt: Json, *, permitted: bool
) -> None:
    referral = await refer()

    answer = await contact(director, referral, **attempt)
    listed = await director.get(f"/v1/referrals/{referral['id']}/contacts")

    assert (answer.status_code, answer.json()["was_permitted"]) == (201, permitted)
    assert listed.json()["items"] == [answer.json()]


async def test_the_first_time_somebody_was_reached_is_the_earliest(director: httpx2.AsyncClient, refer: Refer) -> None:
    referral = await refer()
    for at in ("2026-10-02T08:00:00Z", "2026-10-01T20:00:00Z", "2026-10-02T09:00:00Z"):
        assert (await contact(director, referral, at=at)).status_code == 201

    assert (await read(director, referral))["first_reached_at"] == "2026-10-01T20:00:00Z"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"received_at": "2026-10-02T13:00:00Z"}, "/received_at"),
        ({"received_at": "2025-09-01T12:00:00Z"}, "/received_at"),
        ({"person": PERSON | {"phone": "555-soon"}}, "/person/phone"),
        ({"person": PERSON | {"phone": None}}, "/person"),
        ({"person": PERSON | {"permissions": {"channels": ["email"]}}}, "/person"),
        ({"source": "rumour"}, "/source"),
    ],
)
async def test_a_referral_that_cannot_be_is_refused(
    director: httpx2.AsyncClient, referral_body: Json, changes: Json, pointer: str
) -> None:
    answer = await director.post("/v1/referrals", json={**referral_body, **changes})

    assert (answer.status_code, pointers(answer)) == (422, [pointer])
    assert not [value for value in ("555-soon", str(PERSON["phone"])) if value in answer.text]


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("plan_intake", {"planned_at": "2026-10-01T12:00:00Z"}, "/planned_at"),
        ("hold_intake", {"held_at": "2026-10-01T12:00:00Z"}, "/held_at"),
        ("hold_intake", {"held_at": "2026-10-02T13:00:00Z"}, "/held_at"),
        ("close", {"reason": "bored"}, "/reason"),
        ("admit", ADMISSION | {"is_another_person": True, "patient_id": str(uuid4())}, ""),
    ],
)
async def test_a_step_that_cannot_be_is_refused(refer: Refer, act: Act, verb: str, body: Json, pointer: str) -> None:
    answer = await act(await refer(), verb, body)

    assert (answer.status_code, pointers(answer)) == (422, [pointer])


STEPS: list[tuple[str, Json]] = [
    ("assign", {"account_id": str(uuid4())}),
    ("plan_intake", {"planned_at": "2026-10-02T11:00:00Z"}),
    ("hold_intake", {"held_at": "2026-10-02T11:00:00Z"}),
    ("close", {"reason": "declined"}),
    ("admit", ADMISSION),
]


@pytest.mark.parametrize(("verb", "body"), STEPS)
async def test_what_is_settled_stays_and_what_has_moved_is_read_again(
    director: httpx2.AsyncClient, refer: Refer, act: Act, verb: str, body: Json
) -> None:
    referral = await refer()

    stale = await act(referral, verb, body, read=9)
    unread = await director.post(f"/v1/referrals/{referral['id']}:{verb}", json=body)
    closed = (await act(referral, "close", {"reason": "unreachable"})).json()
    after = await act(closed, verb, body)

    assert [one.status_code for one in (stale, unread, after)] == [412, 428, 409]
    assert (await contact(director, referral)).json()["code"] == "referral-settled"


@pytest.mark.parametrize(("verb", "body"), STEPS)
async def test_a_stranger_and_a_role_without_the_duty_change_nothing(
    *, records: ClientFactory, stranger: httpx2.AsyncClient, refer: Refer, act: Act, verb: str, body: Json
) -> None:
    referral = await refer()

    theirs = await act(referral, verb, body, caller=stranger)
    nobodys = await act(referral | {"id": str(uuid4())}, verb, body)
    refused = await act(referral, verb, body, caller=records(Role.BILLING))

    assert [one.status_code for one in (theirs, nobodys, refused)] == [404, 404, 403]
    assert theirs.json() | {"instance": ""} == nobodys.json() | {"instance": ""}


async def test_a_counsellor_sees_whom_they_took_on_and_nobody_else(
    records: ClientFactory, refer: Refer, act: Act, referral_body: Json, site_id: UUID
) -> None:
    account = uuid4()
    counsellor = records(Role.COUNSELLOR, account=account)
    params = {"site_id": str(site_id)}
    referral, other = await refer(), await refer()

    before = await counsellor.get(f"/v1/referrals/{referral['id']}")
    await act(referral, "assign", {"account_id": str(account)})
    own = (await counsellor.post("/v1/referrals", json=referral_body)).json()
    listed = await counsellor.get("/v1/referrals", params=params)
    waiting = await counsellor.get("/v1/admission_waitlist", params=params)
    admitted = await act(own, "admit", ADMISSION, caller=counsellor)

    seen = {referral["id"], own["id"]}
    assert before.status_code == 404
    assert {one["id"] for one in listed.json()["items"]} == seen
    assert {one["referral"]["id"] for one in waiting.json()["items"]} == seen
    assert (await counsellor.get(f"/v1/referrals/{other['id']}")).status_code == 404
    # Whether there is a patient of a name is told only to those who see everybody.
    assert admitted.status_code == 403


async def test_nothing_of_the_person_lies_open(refer: Refer, records_database: Database, organization_id: UUID) -> None:
    await refer(source_name="Canary Hospital")

    async with records_database.read(OrganizationId(organization_id)) as opened:
        kept = str(await opened.connection.fetch("select * from referrals"))
        trail = str(await opened.connection.fetch("select event from audit_events"))

    assert kept
    assert not [word for word in ("Ada", "Miller", "1991", "5550100", "Canary") if word in kept + trail]


async def test_pages_of_a_site_s_referrals(director: httpx2.AsyncClient, refer: Refer, act: Act, site_id: UUID) -> None:
    made = [await refer() for _ in range(3)]
    await refer(site_id=str(uuid4()))
    await act(made[1], "close", {"reason": "duplicate"})
    params: dict[str, str | int] = {"site_id": str(site_id), "page_size": 1}

    first = (await director.get("/v1/referrals", params=params)).json()
    second = (await director.get("/v1/referrals", params=params | {"page_token": first["next_page_token"]})).json()
    closed = (await director.get("/v1/referrals", params=params | {"status": "closed"})).json()

    found = [page["items"][0]["id"] for page in (first, second, closed)]
    assert sorted(found[:2]) == sorted((made[0]["id"], made[2]["id"]))
    assert (found[2], second["next_page_token"]) == (made[1]["id"], None)
