"""A request that is sent again: its stored answer passes the gate of everybody it told of once more."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.clock import Clock
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.assessments.conftest import body as assessment
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.referrals.conftest import PERSON
from tests.records.test_audit import events as events  # noqa: PLC0414 - a fixture is known by its name here

Json = dict[str, Any]

KEY = {"idempotency-key": "0192f0c1-5f4e-7cc3-9d5e-00000000000a"}
RECIPIENT = {"name": "Harbour Street", "kind": "treating_provider"}
CANARY = "canary-trigger"
PLAN = {
    "triggers": [CANARY],
    "warning_signs": [],
    "coping_skills": [],
    "supports": [],
    "in_the_patients_words": True,
}


@pytest.fixture
def account() -> UUID:
    return uuid4()


@pytest.fixture
def counsellor(records: ClientFactory, account: UUID) -> httpx2.AsyncClient:
    return records(Role.COUNSELLOR, account=account)


@pytest.fixture
async def treated(new_patient: PatientFactory, join_team: JoinTeam, account: UUID) -> tuple[str, Json]:
    patient = await new_patient()
    return patient["id"], await join_team(patient, account)


async def write(client: httpx2.AsyncClient, patient_id: str) -> httpx2.Response:
    return await client.put(f"/v1/patients/{patient_id}/relapse_prevention_plan", json=PLAN, headers=KEY)


async def test_who_still_treats_the_patient_is_given_the_same_answer(
    counsellor: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam, account: UUID, events: Any
) -> None:
    patient = await new_patient()
    await join_team(patient, account)

    first, second = await write(counsellor, patient["id"]), await write(counsellor, patient["id"])

    assert (first.status_code, second.status_code) == (200, 200)
    assert (second.content, second.headers["idempotency-replayed"]) == (first.content, "true")
    replayed = [event for event in await events() if event["outcome"] == "replayed"]
    assert [event["subjects"] for event in replayed] == [[patient["id"]]]


async def test_who_has_left_the_care_team_is_told_what_they_would_be_told_of_nobody(
    director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, treated: tuple[str, Json], events: Any
) -> None:
    patient_id, member = treated
    first = await write(counsellor, patient_id)
    left = await director.post(f"/v1/care_team_members/{member['id']}:end")

    second = await write(counsellor, patient_id)
    of_nobody = await counsellor.put(f"/v1/patients/{uuid4()}/relapse_prevention_plan", json=PLAN)

    assert [answer.status_code for answer in (first, left, second)] == [200, 200, 404]
    assert CANARY not in second.text
    assert "idempotency-replayed" not in second.headers
    assert {**second.json(), "instance": ""} == {**of_nobody.json(), "instance": ""}
    denied = [event for event in await events() if event["outcome"] == "denied"]
    assert [(event["rule"], event["subjects"]) for event in denied][:1] == [("no-relation", [patient_id])]
    assert not any(event["outcome"] == "replayed" for event in await events())


async def test_who_is_back_is_given_the_answer_again_and_nothing_was_done_twice(
    director: httpx2.AsyncClient,
    counsellor: httpx2.AsyncClient,
    new_patient: PatientFactory,
    join_team: JoinTeam,
    account: UUID,
) -> None:
    patient = await new_patient()
    member = await join_team(patient, account)
    first = await write(counsellor, patient["id"])
    await director.post(f"/v1/care_team_members/{member['id']}:end")
    refused = await write(counsellor, patient["id"])
    await join_team(patient, account)

    again = await write(counsellor, patient["id"])

    assert [answer.status_code for answer in (first, refused, again)] == [200, 404, 200]
    assert again.content == first.content


async def test_who_lost_the_duty_that_the_answer_rested_on_is_not_given_it(
    records: ClientFactory, new_patient: PatientFactory, account: UUID
) -> None:
    patient = await new_patient()
    first = await write(records(Role.SUPERVISOR, account=account), patient["id"])

    second = await write(records(Role.NURSE, account=account), patient["id"])

    assert (first.status_code, second.status_code) == (200, 404)
    assert CANARY not in second.text


async def test_what_an_emergency_opened_is_closed_when_its_hour_is_over(
    *,
    records: ClientFactory,
    records_app: Any,
    director: httpx2.AsyncClient,
    treated: tuple[str, Json],
    account: UUID,
    clock: Clock,
) -> None:
    (patient_id, member), nurse = treated, records(Role.NURSE, account=account)
    first = await write(nurse, patient_id)
    await director.post(f"/v1/care_team_members/{member['id']}:end")
    glass = {"nature": "overdose", "reason": "Found unconscious."}
    await nurse.post(f"/v1/patients/{patient_id}/emergency_accesses", json=glass)
    within = await write(nurse, patient_id)
    later = Clock(clock.now() - Clock().now() + timedelta(hours=2))
    records_app.state.process = replace(records_app.state.process, clock=later)

    after = await write(nurse, patient_id)

    assert [answer.status_code for answer in (first, within, after)] == [200, 200, 404]


async def test_a_referral_that_somebody_else_has_taken_on_is_not_told_again(
    director: httpx2.AsyncClient, counsellor: httpx2.AsyncClient, site_id: UUID
) -> None:
    body = {"site_id": str(site_id), "person": PERSON, "source": "self", "received_at": "2026-10-01T12:30:00Z"}
    first = await counsellor.post("/v1/referrals", json=body, headers=KEY)
    repeated = await counsellor.post("/v1/referrals", json=body, headers=KEY)
    referral = first.json()
    taken = await director.post(
        f"/v1/referrals/{referral['id']}:assign", json={"account_id": str(uuid4())}, headers={"if-match": '"1"'}
    )

    after = await counsellor.post("/v1/referrals", json=body, headers=KEY)

    assert [answer.status_code for answer in (first, repeated, taken, after)] == [201, 201, 200, 404]
    assert repeated.content == first.content
    assert referral["person"]["family_name"] not in after.text


async def test_the_author_of_a_note_kept_apart_is_given_the_own_answer(
    counsellor: httpx2.AsyncClient, new_patient: PatientFactory, join_team: JoinTeam, account: UUID
) -> None:
    patient = await new_patient()
    await join_team(patient, account)
    path = f"/v1/patients/{patient['id']}/counselling_notes"

    first, second = [await counsellor.post(path, json={"text": "Canary"}, headers=KEY) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content


async def test_what_tells_of_nobody_is_given_again_without_a_question(counsellor: httpx2.AsyncClient) -> None:
    first = await counsellor.post("/v1/recipients", json=RECIPIENT, headers=KEY)
    second = await counsellor.post("/v1/recipients", json=RECIPIENT, headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content


async def test_an_answer_to_staff_is_not_given_again_because_it_is_of_the_callers_own_record(
    *, director: httpx2.AsyncClient, records: ClientFactory, treated: tuple[str, Json], account: UUID
) -> None:
    """Who treated somebody and is that very patient asks again for what their duties let them write."""
    patient_id, member = treated
    linked = await director.post(f"/v1/patients/{patient_id}/patient_accounts", json={"account_id": str(account)})
    claim = {"code": linked.json()["code"], "birth_date": "1990-02-28"}
    claimed = await records(Role.PATIENT, account=account).post("/v1/me/record:claim", json=claim)
    assert claimed.status_code == 200, claimed.text
    both, path = records(Role.COUNSELLOR, Role.PATIENT, account=account), f"/v1/patients/{patient_id}/assessments"
    first, repeated = [await both.post(path, json=assessment(), headers=KEY) for _ in range(2)]
    left = await director.post(f"/v1/care_team_members/{member['id']}:end")

    after = await both.post(path, json=assessment(), headers=KEY)

    assert [one.status_code for one in (linked, first, repeated, left, after)] == [201, 201, 201, 200, 404]
