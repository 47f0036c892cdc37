"""What falls out of a week is written down, kept from every later plan, and repaired by a job."""

from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, windows
from tests.scheduler.disruptions.conftest import Report
from tests.scheduler.weekly import ByHand, Week


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> Json:
    """A group of four on Monday at nine, led by the counsellor."""
    return await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2, 3)])


def staff_of(instance: Json, practitioner: Json) -> Json:
    return next(person for person in instance["practitioners"] if person["id"] == practitioner["id"])


async def test_an_absence_is_written_down_and_its_repair_queued(
    report: Report, scheduler: ClientFactory, clinic: Clinic, published: Json
) -> None:
    assert published

    answer = await report()

    disruption = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/disruptions/{disruption['id']}"
    assert (disruption["status"], disruption["solve_status"], disruption["repair"]) == ("open", "queued", None)
    solve = await scheduler(Role.COUNSELLOR).get(f"/v1/solves/{disruption['solve_id']}")
    assert (solve.json()["base_version"], solve.json()["week"]) == (1, MONDAY)
    read = await scheduler(Role.COUNSELLOR).get(answer.headers["location"])
    assert read.json() == disruption
    assert (disruption["start"], disruption["end"]) == (f"{MONDAY}T08:00:00-04:00", f"{MONDAY}T17:00:00-04:00")
    listed = await scheduler(Role.COUNSELLOR).get(f"/v1/sites/{clinic.site['id']}/disruptions", params={"week": MONDAY})
    assert listed.json() == {"items": [disruption], "next_page_token": None}


async def test_before_anything_is_published_there_is_nothing_to_repair(
    report: Report, scheduler: ClientFactory, week: Week
) -> None:
    assert week.ids

    disruption = (await report()).json()

    assert (disruption["status"], disruption["solve_id"], disruption["solve_status"]) == ("open", None, None)
    refused = await scheduler(Role.FRONT_DESK).post(f"/v1/disruptions/{disruption['id']}:repair")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-published")


async def test_later_weeks_are_planned_without_what_is_missing_until_it_is_withdrawn(
    report: Report, scheduler: ClientFactory, by_hand: ByHand, week: Week, clinic: Clinic
) -> None:
    assert week.ids
    disruption = (await report()).json()
    hours = {"start": f"{MONDAY}T10:10:00-04:00", "end": f"{MONDAY}T11:00:00-04:00"}
    await report(
        kind="room_lost", room_id=clinic.room["id"], reason="maintenance", without=("practitioner_id",), **hours
    )
    await report(kind="site_closed", reason="weather", without=("practitioner_id",), **hours)
    await report(
        kind="shift_changed",
        practitioner_id=clinic.therapist["id"],
        shifts=windows("12:00", "15:00", "TU"),
        without=("start", "end"),
    )

    before = await by_hand.instance(MONDAY)
    withdrawn = await scheduler(Role.FRONT_DESK).post(f"/v1/disruptions/{disruption['id']}:withdraw")
    after = await by_hand.instance(MONDAY)

    assert [0, 4, 40] in staff_of(before, clinic.counsellor)["breaks"]
    assert [0, 4, 40] not in staff_of(after, clinic.counsellor)["breaks"]
    assert before["rooms"][0]["closed"] == [[0, 12, 16]]
    assert before["site_open"][:2] == [[0, 4, 12], [0, 16, 56]]
    assert staff_of(before, clinic.therapist)["shifts"] == [[1, 20, 32]]
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert withdrawn.json()["withdrawn_at"] is not None


async def test_a_proposal_that_uses_what_is_missing_by_now_is_not_published(
    report: Report, by_hand: ByHand, week: Week
) -> None:
    proposal = await by_hand.propose(MONDAY, [week.group(0, 8, 0, 1, 2, 3)], [])
    assert (await report()).status_code == 201

    refused = await by_hand.accept(proposal, None)

    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:eventide:problem:timetable-refused"


async def test_a_disruption_is_withdrawn_once(report: Report, scheduler: ClientFactory, clinic: Clinic) -> None:
    path = (await report()).headers["location"]
    desk = scheduler(Role.FRONT_DESK)

    first, second = await desk.post(f"{path}:withdraw"), await desk.post(f"{path}:withdraw")

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "disruption-withdrawn"
    again = await desk.post(f"{path}:repair")
    assert (again.status_code, again.json()["code"]) == (409, "disruption-withdrawn")
    listed = await desk.get(f"/v1/sites/{clinic.site['id']}/disruptions", params={"week": MONDAY})
    assert listed.json()["items"] == []


async def test_a_repair_that_is_not_finished_is_cancelled_with_what_it_was_for(
    report: Report, scheduler: ClientFactory, published: Json
) -> None:
    assert published
    disruption = (await report()).json()
    desk = scheduler(Role.FRONT_DESK)

    withdrawn = await desk.post(f"/v1/disruptions/{disruption['id']}:withdraw")
    again = await report()

    assert (disruption["solve_status"], withdrawn.json()["solve_status"]) == ("queued", "cancelled")
    assert (again.status_code, again.json()["solve_status"]) == (201, "queued")


async def test_a_practitioner_has_one_set_of_hours_a_week(report: Report) -> None:
    changed = {"kind": "shift_changed", "shifts": windows("12:00", "15:00", "TU"), "without": ("start", "end")}

    first, second = await report(**changed), await report(**changed)

    assert (first.status_code, second.status_code) == (201, 409)
    assert second.json()["code"] == "hours-changed"


async def test_while_the_week_is_solved_nothing_is_written_down(
    report: Report, scheduler: ClientFactory, clinic: Clinic, published: Json
) -> None:
    assert published
    desk = scheduler(Role.FRONT_DESK)
    asked = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
    assert asked.status_code == 202

    refused = await report()

    assert (refused.status_code, refused.json()["code"]) == (409, "solve-in-progress")
    listed = await desk.get(f"/v1/sites/{clinic.site['id']}/disruptions", params={"week": MONDAY})
    assert listed.json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "without", "pointer"),
    [
        ({"week": "2026-10-06"}, (), "/week"),
        ({"week": "2026-09-21"}, (), "/week"),
        ({"start": "2026-10-20T08:00:00Z", "end": "2026-10-20T09:00:00Z"}, (), "/start"),
        ({"start": f"{MONDAY}T08:00:00"}, (), "/start"),
        ({"end": f"{MONDAY}T07:00:00-04:00"}, (), ""),
        ({"start": "0001-01-01T00:00:00+14:00"}, (), ""),
        ({"end": "9999-12-31T23:59:59-14:00"}, (), ""),
        ({"week": "9999-12-27"}, (), "/week"),
        ({"practitioner_id": str(uuid4())}, (), "/practitioner_id"),
        ({"kind": "room_lost", "room_id": str(uuid4())}, ("practitioner_id",), "/room_id"),
        ({"kind": "room_lost"}, (), ""),
        ({"kind": "shift_changed"}, (), ""),
        ({}, ("start",), ""),
        ({"breaks": windows("12:00", "13:00", "MO")}, (), ""),
        ({"reason": "flu"}, (), "/reason"),
        ({"unknown": 1}, (), "/unknown"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(
    report: Report, changes: Json, without: tuple[str, ...], pointer: str
) -> None:
    refused = await report(without=without, **changes)

    assert refused.status_code == 422, refused.text
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_a_patient_of_whom_nobody_knows_is_not_there(report: Report) -> None:
    changes = {"kind": "commitment_changed", "patient_id": str(uuid4()), "reason": "calendar"}

    answer = await report(**changes, without=("practitioner_id", "start", "end"))

    assert (answer.status_code, answer.json()["type"]) == (404, "urn:eventide:problem:not-found")


async def test_only_the_desk_changes_a_week(report: Report, scheduler: ClientFactory) -> None:
    path = (await report()).headers["location"]

    refused = [
        await report(role=Role.COUNSELLOR),
        await scheduler(Role.COUNSELLOR).post(f"{path}:withdraw"),
        await scheduler(Role.COUNSELLOR).post(f"{path}:repair"),
        await scheduler(Role.ORGANIZATION_ADMIN).get(path),
    ]

    assert [answer.status_code for answer in refused] == [403] * len(refused)


async def test_what_is_another_organization_s_is_not_there(
    report: Report, scheduler: ClientFactory, clinic: Clinic
) -> None:
    path = (await report()).headers["location"]
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    answers = [
        await stranger.get(path),
        await stranger.get(f"/v1/disruptions/{uuid4()}"),
        await stranger.post(f"{path}:withdraw"),
        await stranger.post(f"{path}:repair"),
        await stranger.get(f"/v1/sites/{clinic.site['id']}/disruptions", params={"week": MONDAY}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len({answer.json()["type"] for answer in answers}) == 1
