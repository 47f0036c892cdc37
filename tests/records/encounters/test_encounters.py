from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import NINE_HOURS, JoinTeam, PatientFactory, PlanFactory
from tests.records.encounters.conftest import WEEK, Json, Tell, event


async def encounters(client: httpx2.AsyncClient, patient: Json) -> list[Json]:
    answer = await client.get(f"/v1/patients/{patient['id']}/encounters")
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["items"]
    return found


async def test_an_event_becomes_an_encounter(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()

    answer = await tell(event(patient, minutes_late=20, minutes_left_early=10))

    assert answer.status_code == 200
    (found,) = await encounters(director, patient)
    assert found["id"] == answer.json()["encounter_id"]
    assert (found["status"], found["attended_minutes"], found["minutes_late"]) == ("fulfilled", 150, 20)
    assert (await director.get(f"/v1/encounters/{found['id']}")).json() == found


async def test_an_event_that_is_told_twice_is_taken_once(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()
    told = event(patient)

    answers = [await tell(told) for _ in range(3)]

    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(await encounters(director, patient)) == 1


async def test_events_may_come_in_any_order_and_the_newest_revision_counts(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()
    seat = {"appointment_id": str(uuid4())}
    late = event(patient, **seat, revision=1, status="noshow")
    newest = event(patient, **seat, revision=2, status="fulfilled")

    assert (await tell(newest)).json()["revision"] == 2
    assert (await tell(late)).json()["revision"] == 2

    assert [(one["status"], one["revision"]) for one in await encounters(director, patient)] == [("fulfilled", 2)]


async def test_two_members_of_a_group_have_an_encounter_each(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    first, second = await new_patient(), await new_patient()
    seat = {"appointment_id": str(uuid4())}
    for patient in (first, second):
        await tell(event(patient, **seat))

    for patient in (first, second):
        assert [one["patient_id"] for one in await encounters(director, patient)] == [patient["id"]]


async def test_who_is_not_the_scheduler_is_refused(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()

    forged = await tell(event(patient), secret=b"x" * 32)
    unsigned = await director.post(
        f"/v1/organizations/{uuid4()}/attendance_events", json=event(patient), headers={"authorization": ""}
    )

    assert {answer.status_code for answer in (forged, unsigned)} == {401}
    assert await encounters(director, patient) == []


async def test_another_organizations_patient_is_none_of_this_one(
    director: httpx2.AsyncClient, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()

    elsewhere = await tell(event(patient), organization=uuid4())
    nobody = await tell(event({**patient, "id": str(uuid4())}))

    assert {elsewhere.status_code, nobody.status_code} == {404}
    assert await encounters(director, patient) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"end": "2026-09-29T18:00:00Z"}, "/end"), ({"week": "2026-09-29"}, "/week"), ({"status": "late"}, "/status")],
)
async def test_what_is_no_session_is_refused(
    new_patient: PatientFactory, tell: Tell, changes: Json, pointer: str
) -> None:
    answer = await tell(event(await new_patient(), **changes))

    assert answer.status_code == 422
    assert [field["pointer"] for field in answer.json()["errors"]] == [pointer]


async def test_the_ledger_says_what_is_required_attended_excused_missed_and_missing(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory, tell: Tell
) -> None:
    patient = await new_patient()
    await put_plan(
        patient["id"],
        effective_from="2026-09-28",
        required_services=[
            {"service": "process_group", "minutes_per_week": 540},
            {"service": "individual", "minutes_per_week": 60},
        ],
    )
    await tell(event(patient, minutes_late=15))
    await tell(event(patient, status="noshow"))
    await tell(event(patient, status="cancelled", excused=True))
    await tell(event(patient, status="cancelled", excused=False, service="skills_group"))
    await tell(event(patient, week="2026-10-05"))

    ledger = (await director.get(f"/v1/patients/{patient['id']}/hours_ledger", params={"week": WEEK})).json()

    names = ("required_minutes", "attended_minutes", "excused_minutes", "missed_minutes", "missing_minutes")
    assert {line["service"]: [line[name] for name in names] for line in ledger["services"]} == {
        "process_group": [540, 165, 180, 180, 375],
        "skills_group": [0, 0, 0, 180, 0],
        "individual": [60, 0, 0, 0, 60],
    }
    assert (ledger["due"], ledger["plan_version"], ledger["missing_minutes"]) == ("2026-10-04", 1, 435)


async def test_a_monthly_visit_is_missing_in_one_week_of_four(
    director: httpx2.AsyncClient, new_patient: PatientFactory, put_plan: PlanFactory
) -> None:
    """Before, a prescriber's visit could be required of each week alone: three ledgers of four missed it."""
    patient = await new_patient()
    visit = {"service": "medication", "minutes_per_week": 30, "every_weeks": 4}
    await put_plan(patient["id"], effective_from="2026-09-30", required_services=[*NINE_HOURS, visit])
    path = f"/v1/patients/{patient['id']}/hours_ledger?week="

    weeks = ["2026-09-28", "2026-10-05", "2026-10-12", "2026-10-19", "2026-10-26"]
    ledgers = [(await director.get(path + week)).json() for week in weeks]

    assert [one["missing_minutes"] for one in ledgers] == [570, 540, 540, 540, 570]


async def test_a_week_without_a_plan_requires_nothing(
    director: httpx2.AsyncClient, new_patient: PatientFactory
) -> None:
    path = f"/v1/patients/{(await new_patient())['id']}/hours_ledger"

    empty = (await director.get(path, params={"week": WEEK})).json()
    tuesday = await director.get(path, params={"week": "2026-09-29"})

    assert (empty["plan_version"], empty["services"], empty["required_minutes"]) == (None, [], 0)
    assert (tuesday.status_code, tuesday.json()["type"]) == (422, "urn:eventide:problem:week-refused")


async def test_who_does_not_treat_the_patient_finds_nothing(
    records: ClientFactory,
    stranger: httpx2.AsyncClient,
    new_patient: PatientFactory,
    join_team: JoinTeam,
    tell: Tell,
) -> None:
    patient, account = await new_patient(), uuid4()
    encounter_id = (await tell(event(patient))).json()["encounter_id"]
    counsellor = records(Role.COUNSELLOR, account=account)
    paths = [
        f"/v1/patients/{patient['id']}/encounters",
        f"/v1/encounters/{encounter_id}",
        f"/v1/patients/{patient['id']}/hours_ledger?week={WEEK}",
    ]

    for client in (counsellor, stranger):
        assert {(await client.get(path)).status_code for path in paths} == {404}
    await join_team(patient, account)
    assert {(await counsellor.get(path)).status_code for path in paths} == {200}
    assert {(await records(Role.LAB).get(path)).status_code for path in paths} == {403}


async def test_an_event_leaves_a_trace(
    records_database: Database, organization_id: UUID, new_patient: PatientFactory, tell: Tell
) -> None:
    patient = await new_patient()
    told = event(patient)
    await tell(told)

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch("select event from audit_events")
    written: list[Any] = [orjson.loads(row["event"]) for row in rows]

    (trace,) = [one for one in written if one["operation"] == "receive_attendance_event"]
    assert (trace["service"], trace["subjects"], trace["event"]) == ("scheduler", [patient["id"]], told["id"])
