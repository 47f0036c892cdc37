"""What falls out of several weeks is written down as a whole, and each published week is repaired by itself."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, windows
from tests.scheduler.weekly import ByHand, Week

MONDAYS = [(date.fromisoformat(MONDAY) + timedelta(weeks=number)).isoformat() for number in range(5)]

Report = Callable[..., Awaitable[Any]]


@pytest.fixture
def report(scheduler: ClientFactory, clinic: Clinic) -> Report:
    """Say that the counsellor is out from Wednesday of the first week to Tuesday of the third, or something else."""

    async def post(*, role: Role = Role.FRONT_DESK, without: tuple[str, ...] = (), **changes: Any) -> Any:
        request: Json = {
            "site_id": clinic.site["id"],
            "kind": "practitioner_out",
            "practitioner_id": clinic.counsellor["id"],
            "start": "2026-10-07T00:00:00-04:00",
            "end": "2026-10-21T00:00:00-04:00",
            "reason": "leave",
            **changes,
        }
        body = {member: value for member, value in request.items() if member not in without}
        return await scheduler(role).post("/v1/disruption_batches", json=body)

    return post


@pytest.fixture
async def published(by_hand: ByHand, week: Week) -> None:
    """A group of four on Wednesday at nine in the first two weeks; the third is not published."""
    for monday in MONDAYS[:2]:
        await by_hand.publish(monday, [week.group(2, 8, 0, 1, 2, 3)])


@pytest.mark.usefixtures("published")
async def test_each_week_that_is_touched_is_written_down_and_each_published_one_is_repaired_in_one_batch(
    *, report: Report, scheduler: ClientFactory
) -> None:
    answer = await report()

    batch = answer.json()
    assert answer.status_code == 201, answer.text
    found = [week["disruption"] for week in batch["weeks"]]
    assert [week["week"] for week in batch["weeks"]] == MONDAYS[:3]
    assert [one["solve_status"] for one in found] == ["queued", "queued", None]
    assert [week["base_version"] for week in batch["weeks"]] == [1, 1, None]
    assert {one["batch_id"] for one in found} == {batch["id"]}
    assert (found[0]["start"], found[0]["end"]) == ("2026-10-07T00:00:00-04:00", "2026-10-11T22:00:00-04:00")
    assert (found[2]["start"], found[2]["end"]) == ("2026-10-19T07:00:00-04:00", "2026-10-21T00:00:00-04:00")
    read = await scheduler(Role.COUNSELLOR).get(answer.headers["location"])
    assert read.json() == batch
    solves = await scheduler(Role.COUNSELLOR).get(f"/v1/solve_batches/{batch['solve_batch_id']}")
    assert [solve["id"] for solve in solves.json()["solves"]] == [one["solve_id"] for one in found[:2]]


@pytest.mark.usefixtures("published")
async def test_the_weeks_are_planned_without_who_is_out_and_the_week_after_with_them(
    *, report: Report, by_hand: ByHand, clinic: Clinic
) -> None:
    assert (await report()).status_code == 201

    async def breaks_of(monday: str) -> list[list[int]]:
        instance = await by_hand.instance(monday)
        return next(list(one["breaks"]) for one in instance["practitioners"] if one["id"] == clinic.counsellor["id"])

    third, fourth = await breaks_of(MONDAYS[2]), await breaks_of(MONDAYS[3])

    whole_days = [[0, 0, 60], [1, 0, 60]]
    assert [day for day in whole_days if day in third] == whole_days
    assert [2, 0, 60] not in third
    assert [day for day in whole_days if day in fourth] == []


@pytest.mark.usefixtures("published")
async def test_where_one_week_cannot_be_repaired_nothing_is_done_and_the_answer_says_which_and_why(
    *, report: Report, scheduler: ClientFactory, clinic: Clinic
) -> None:
    desk = scheduler(Role.FRONT_DESK)
    taken = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAYS[1]})
    assert taken.status_code == 202

    refused = await report()

    assert (refused.status_code, refused.json()["code"]) == (409, "solve-in-progress")
    assert MONDAYS[1] in refused.json()["detail"]
    assert taken.json()["id"] in refused.json()["detail"]
    for monday in MONDAYS[:3]:
        listed = await desk.get(f"/v1/sites/{clinic.site['id']}/disruptions", params={"week": monday})
        assert listed.json()["items"] == []
    assert (await desk.post(f"/v1/solves/{taken.json()['id']}:cancel")).status_code == 200
    assert (await report()).status_code == 201


async def test_changed_hours_hold_from_a_day_on_and_the_usual_ones_before_and_after(
    *, report: Report, week: Week, clinic: Clinic
) -> None:
    assert week.ids
    changed = {
        "kind": "shift_changed",
        "first_day": "2026-10-07",
        "last_day": "2026-10-13",
        "shifts": [*windows("12:00", "15:00", "MO", "TU", "WE", "TH", "FR")],
        "without": ("start", "end"),
    }
    usual = {window["weekday"]: (window["start"], window["end"]) for window in clinic.counsellor["shifts"]}

    answer = await report(**changed)

    assert answer.status_code == 201, answer.text
    first, second = (
        {window["weekday"]: window["start"] for window in one["disruption"]["shifts"]} for one in answer.json()["weeks"]
    )
    new = {weekday for weekday, start in first.items() if start == "12:00:00"}
    assert new == {"WE", "TH", "FR"}
    assert {day for day, start in second.items() if start == "12:00:00"} == {"MO", "TU"}
    assert {day: first[day] for day in ("MO", "TU")} == {day: usual[day][0] for day in ("MO", "TU")}
    again = await report(**changed)
    assert (again.status_code, again.json()["code"]) == (409, "hours-changed")
    assert MONDAYS[0] in again.json()["detail"]


@pytest.mark.usefixtures("published")
async def test_all_weeks_are_taken_back_together_with_their_repairs(
    *, report: Report, scheduler: ClientFactory
) -> None:
    made = await report()
    path, desk = made.headers["location"], scheduler(Role.FRONT_DESK)
    second = made.json()["weeks"][1]["disruption"]["id"]
    assert (await desk.post(f"/v1/disruptions/{second}:withdraw")).status_code == 200

    withdrawn, again = await desk.post(f"{path}:withdraw"), await desk.post(f"{path}:withdraw")

    assert withdrawn.status_code == 200, withdrawn.text
    found = [week["disruption"] for week in withdrawn.json()["weeks"]]
    assert {one["status"] for one in found} == {"withdrawn"}
    assert [one["solve_status"] for one in found] == ["cancelled", "cancelled", None]
    assert (again.status_code, again.json()["code"]) == (409, "disruption-withdrawn")
    assert (await report()).status_code == 201


async def test_a_room_is_lost_for_a_month_before_anything_is_published(*, report: Report, clinic: Clinic) -> None:
    answer = await report(
        kind="room_lost",
        room_id=clinic.room["id"],
        reason="maintenance",
        start="2026-10-05T07:00:00-04:00",
        end="2026-11-02T07:00:00-05:00",
        without=("practitioner_id",),
    )

    assert answer.status_code == 201, answer.text
    # It ends with the first slot of the fifth Monday, of which nothing is gone; the clocks change meanwhile.
    assert [week["week"] for week in answer.json()["weeks"]] == MONDAYS[:4]
    assert answer.json()["solve_batch_id"] is None


@pytest.mark.usefixtures("week")
async def test_what_is_wrong_is_refused_and_strangers_see_nothing(*, report: Report, scheduler: ClientFactory) -> None:
    path = (await report()).headers["location"]
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())
    wrong = {
        "ends_before": await report(end="2026-10-06T00:00:00-04:00"),
        "too_long": await report(end="2027-01-07T00:00:00-04:00"),
        "of_the_night": await report(start="2026-10-07T01:00:00-04:00", end="2026-10-07T03:00:00-04:00"),
        "past": await report(start="2026-09-20T00:00:00-04:00"),
        "too_far": await report(start="2027-09-20T00:00:00-04:00", end="2027-10-27T00:00:00-04:00"),
        "first_year": await report(start="0001-01-01T00:00:00Z", end="0001-01-02T00:00:00Z"),
        "last_year": await report(
            kind="shift_changed", shifts=[], first_day="9999-12-30", last_day="9999-12-31", without=("start", "end")
        ),
        "no_one": await report(without=("practitioner_id",)),
        "elsewhere": await report(practitioner_id=str(uuid4())),
        "one_week_kind": await report(kind="commitment_changed", without=("practitioner_id", "start", "end")),
        "no_days": await report(kind="shift_changed", shifts=[], without=("start", "end")),
        "breaks": await report(breaks=windows("12:00", "13:00", "MO")),
    }

    assert {name: answer.status_code for name, answer in wrong.items()} == dict.fromkeys(wrong, 422)
    assert wrong["of_the_night"].json()["errors"][0]["pointer"] == "/start"
    assert wrong["past"].json()["code"] == "week-in-the-past"
    assert wrong["past"].json()["errors"][0]["pointer"] == "/start"
    assert wrong["too_far"].json()["code"] == "week-too-far"
    assert wrong["too_far"].json()["errors"][0]["pointer"] == "/end"
    assert (await report(site_id=str(uuid4()))).status_code == 404
    assert (await report(role=Role.COUNSELLOR)).status_code == 403
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}:withdraw")).status_code == 404
    assert (await scheduler(Role.FRONT_DESK).get(f"/v1/disruption_batches/{uuid4()}")).status_code == 404
    assert (await scheduler(Role.PATIENT).get(path)).status_code == 403
