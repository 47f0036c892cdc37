"""What a week still lacks, through the route: the plan is asked of records, and what is booked is the scheduler's."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Desk, Json, Make, Treating, group, plan_of

DAY = timedelta(days=1)
SATURDAY = TUESDAY_NINE + 4 * DAY
COUNSELLOR = {"id": "00000000-0000-4000-8000-000000000001"}
WEEK = {"week": MONDAY}


@pytest.fixture
async def ann(new_patient: Make, site: Json) -> Json:
    return await new_patient(site, plan_of(COUNSELLOR, required_services=[
        {"service": "process_group", "minutes_per_week": 540}, {"service": "individual", "minutes_per_week": 60},
    ]))  # fmt: skip


@pytest.fixture
def path(ann: Json) -> str:
    return f"/v1/patients/{ann['id']}/owed_hours"


async def test_what_is_required_planned_attended_and_missing_by_sunday(
    *, desk: Desk, ann: Json, path: str, scheduler: ClientFactory, at: Callable[[datetime], None]
) -> None:
    await desk.publish(*(group(ann, start=TUESDAY_NINE + days * DAY) for days in range(4)), group(start=SATURDAY))
    came, missed, *_, free = await desk.read()
    client = scheduler(Role.FRONT_DESK)
    before = (await client.get(path, params=WEEK)).json()

    at(TUESDAY_NINE + DAY + timedelta(hours=1))
    for appointment, said in ((came, {"status": "fulfilled", "minutes_late": 10}), (missed, {"status": "noshow"})):
        body = {"patient_id": ann["id"], **said}
        answer = await client.post(f"/v1/appointments/{appointment['id']}/attendances", json=body)
        assert answer.status_code == 201, answer.text
    after = (await client.get(path, params=WEEK)).json()

    [owed] = after["make_ups"]
    assert (owed["missed_appointment_id"], owed["minutes"], before["make_ups"]) == (missed["id"], 90, [])
    seats = await client.get(f"/v1/make_ups/{owed['id']}:recommend")
    assert [one["appointment_id"] for one in seats.json()["seats"]] == [free["id"]]
    visit, nothing = after["services"][1], {"planned_minutes": 0, "attended_minutes": 0, "open_make_up_minutes": 0}
    assert before["services"][0] == {
        "service": "process_group",
        "required_minutes": 540,
        "planned_minutes": 360,
        "attended_minutes": 0,
        "excused_minutes": 0,
        "missed_minutes": 0,
        "unrecorded_minutes": 0,
        "ahead_minutes": 360,
        "missing_minutes": 540,
        "unplanned_minutes": 180,
        "open_make_up_minutes": 0,
    }
    assert after["services"][0] == before["services"][0] | {
        "attended_minutes": 80,
        "missed_minutes": 90,
        "ahead_minutes": 180,
        "missing_minutes": 460,
        "unplanned_minutes": 280,
        "open_make_up_minutes": 90,
    }
    assert (visit["service"], visit["unplanned_minutes"]) == ("individual", 60)
    assert nothing.items() <= visit.items()
    assert (after["week"], after["due"], after["plan_version"]) == (MONDAY, "2026-10-11", 1)
    assert (after["required_minutes"], after["missing_minutes"], after["unplanned_minutes"]) == (600, 520, 340)


async def test_without_a_plan_nothing_is_required(new_patient: Make, site: Json, scheduler: ClientFactory) -> None:
    ben = await new_patient(site)

    hours = (await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{ben['id']}/owed_hours", params=WEEK)).json()

    assert (hours["plan_version"], hours["services"], hours["required_minutes"]) == (None, [], 0)


async def test_only_who_may_see_what_the_patient_attends_is_told(
    scheduler: ClientFactory, treating: Treating, ann: Json, path: str
) -> None:
    hidden = [
        await scheduler(Role.COUNSELLOR).get(path, params=WEEK),
        await scheduler(Role.NURSE, organization=uuid4()).get(path, params=WEEK),
        await scheduler(Role.FRONT_DESK).get(f"/v1/patients/{uuid4()}/owed_hours", params=WEEK),
    ]

    assert [answer.status_code for answer in hidden] == [404] * 3
    assert len({answer.json()["detail"] for answer in hidden}) == 1
    assert (await (await treating(Role.COUNSELLOR, ann)).get(path, params=WEEK)).status_code == 200
    assert (await scheduler(Role.BILLING).get(path, params=WEEK)).status_code == 403


@pytest.mark.parametrize("asked", [{}, {"week": "2026-10-06"}, {"week": "soon"}])
async def test_a_week_begins_on_its_monday(scheduler: ClientFactory, path: str, asked: Json) -> None:
    refused = await scheduler(Role.FRONT_DESK).get(path, params=asked)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "week")


async def test_the_requirement_itself_is_told_to_the_scheduler_alone(records: ClientFactory, ann: Json) -> None:
    by_a_person = await records(Role.PROGRAMME_DIRECTOR).get(f"/v1/patients/{ann['id']}/week_requirement", params=WEEK)

    assert by_a_person.status_code == 403
