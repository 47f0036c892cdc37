"""Who came is told, and recorded, to and by those who treat the patient, or whose duties concern everybody."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import (
    MONDAY,
    NINETY_MINUTES,
    TUESDAY_NINE,
    Desk,
    Json,
    People,
    Treating,
    group,
    without_instance,
)
from tests.support.tokens import Tokens

END = TUESDAY_NINE + NINETY_MINUTES
NEAR = [Role.COUNSELLOR, Role.NURSE, Role.PRESCRIBER]
EVERYBODY_S = [Role.FRONT_DESK, Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR]


@pytest.fixture
async def missed(desk: Desk, people: People, scheduler: ClientFactory, at: Any) -> Json:
    """A session that Ann and Ben missed."""
    [session] = await desk.publish(group(people.ann, people.ben))
    at(END)
    for patient in (people.ann, people.ben):
        body = {"patient_id": patient["id"], "status": "noshow"}
        answer = await scheduler(Role.FRONT_DESK).post(f"/v1/appointments/{session['id']}/attendances", json=body)
        assert answer.status_code == 201, answer.text
    return session


def ledger_of(patient_id: object) -> str:
    return f"/v1/patients/{patient_id}/week_ledger?week={MONDAY}"


async def names(client: httpx2.AsyncClient, path: str, people: People) -> list[str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    known = {patient["id"]: name for name, patient in people._asdict().items()}
    return sorted(known[one["patient_id"]] for one in answer.json()["items"])


@pytest.mark.parametrize("role", NEAR)
async def test_the_ledger_is_for_who_treats_the_patient_and_else_there_is_nobody(
    missed: Json, people: People, treating: Treating, role: Role
) -> None:
    client = await treating(role, people.ann)

    seen = await client.get(ledger_of(people.ann["id"]))
    unseen, nobody = await client.get(ledger_of(people.ben["id"])), await client.get(ledger_of(uuid4()))

    assert [one["appointment_id"] for one in seen.json()["entries"]] == [missed["id"]]
    assert unseen.status_code == nobody.status_code == 404
    assert without_instance(unseen) == without_instance(nobody)


@pytest.mark.parametrize("role", EVERYBODY_S)
async def test_the_ledger_is_for_whose_duties_concern_everybody(
    missed: Json, people: People, scheduler: ClientFactory, role: Role
) -> None:
    answer = await scheduler(role).get(ledger_of(people.ann["id"]))

    assert [one["appointment_id"] for one in answer.json()["entries"]] == [missed["id"]]


async def test_the_ledger_is_for_nobody_else(missed: Json, people: People, scheduler: ClientFactory) -> None:
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    assert (await stranger.get(ledger_of(people.ann["id"]))).status_code == 404
    for role in (Role.BILLING, Role.PATIENT, Role.AUDITOR, Role.ORGANIZATION_ADMIN):
        assert (await scheduler(role).get(ledger_of(people.ann["id"]))).status_code == 403
    missing = await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{people.ann['id']}/week_ledger")
    assert missing.status_code == 422
    assert missed


@pytest.mark.parametrize("role", NEAR)
async def test_of_a_group_each_sees_who_came_of_those_they_treat(
    *, missed: Json, people: People, treating: Treating, scheduler: ClientFactory, site: Json, role: Role
) -> None:
    came, owed = f"/v1/appointments/{missed['id']}/attendances", f"/v1/sites/{site['id']}/make_ups?week={MONDAY}"
    theirs, another, desk = await treating(role, people.ann), scheduler(role), scheduler(Role.FRONT_DESK)

    for path in (came, owed):
        assert await names(theirs, path, people) == ["ann"]
        assert await names(another, path, people) == []
        assert await names(desk, path, people) == ["ann", "ben"]


async def test_a_page_of_others_leads_on_to_the_next(missed: Json, people: People, treating: Treating) -> None:
    client, path = await treating(Role.NURSE, people.ben), f"/v1/appointments/{missed['id']}/attendances"

    first = (await client.get(path, params={"page_size": 1})).json()
    second = (await client.get(path, params={"page_size": 1, "page_token": first["next_page_token"]})).json()

    assert first["items"] == []
    assert [one["patient_id"] for one in second["items"]] == [people.ben["id"]]
    assert second["next_page_token"] is None


@pytest.mark.parametrize("role", NEAR)
async def test_who_came_is_recorded_by_who_treats_them(
    *, desk: Desk, people: People, treating: Treating, at: Any, role: Role
) -> None:
    [session] = await desk.publish(group(people.ann, people.ben))
    client = await treating(role, people.ann)
    here = f"/v1/appointments/{session['id']}"
    at(TUESDAY_NINE - NINETY_MINUTES)

    def call_out(patient_id: object) -> Json:
        return {"patient_id": patient_id, "excused": True, "reason": "illness"}

    out = await client.post(f"{here}:call_out", json=call_out(people.ben["id"]))
    no_out = await client.post(f"{here}:call_out", json=call_out(str(uuid4())))
    at(TUESDAY_NINE)
    seen = await client.post(f"{here}/attendances", json={"patient_id": people.ann["id"], "status": "arrived"})
    unseen = await client.post(f"{here}/attendances", json={"patient_id": people.ben["id"], "status": "arrived"})
    nobody = await client.post(f"{here}/attendances", json={"patient_id": str(uuid4()), "status": "arrived"})

    assert seen.status_code == 201
    assert {one.status_code for one in (out, no_out, unseen, nobody)} == {404}
    assert without_instance(unseen) == without_instance(nobody)
    assert without_instance(out) == without_instance(no_out)


@pytest.mark.parametrize("role", NEAR)
async def test_a_record_is_corrected_by_who_treats_the_patient(
    *, missed: Json, people: People, treating: Treating, scheduler: ClientFactory, role: Role
) -> None:
    listed = await scheduler(Role.FRONT_DESK).get(f"/v1/appointments/{missed['id']}/attendances")
    of = {one["patient_id"]: one["id"] for one in listed.json()["items"]}
    client, correction = await treating(role, people.ann), {"status": "fulfilled", "reason": "entered_in_error"}

    seen = await client.post(f"/v1/attendances/{of[people.ann['id']]}:amend", json=correction)
    unseen = await client.post(f"/v1/attendances/{of[people.ben['id']]}:amend", json=correction)
    nobody = await client.post(f"/v1/attendances/{uuid4()}:amend", json=correction)

    assert (seen.status_code, unseen.status_code, nobody.status_code) == (201, 404, 404)
    assert without_instance(unseen) == without_instance(nobody)


async def test_while_records_is_away_the_desk_checks_in_and_nobody_is_told_who_came(
    *, desk: Desk, people: People, scheduler: ClientFactory, scheduler_app: Any, tokens: Tokens, site: Json, at: Any
) -> None:
    [session] = await desk.publish(group(people.ann))
    here = f"/v1/appointments/{session['id']}/attendances"
    body = {"patient_id": people.ann["id"], "status": "arrived"}
    at(TUESDAY_NINE)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    by_nurse = await scheduler(Role.NURSE).post(here, json=body)
    by_desk = await scheduler(Role.FRONT_DESK).post(here, json=body)
    owed = f"/v1/sites/{site['id']}/make_ups?week={MONDAY}&status=open"
    told = [await scheduler(Role.FRONT_DESK).get(path) for path in (here, ledger_of(people.ann["id"]))]
    nothing_owed = await scheduler(Role.FRONT_DESK).get(owed)
    await http.close()

    assert (by_nurse.status_code, by_desk.status_code) == (503, 201)
    assert [answer.status_code for answer in told] == [503, 503]
    assert nothing_owed.json()["items"] == []
