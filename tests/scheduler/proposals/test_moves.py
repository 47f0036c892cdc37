"""A publication that comes too late is told what moved, and not only that something did."""

from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.contracts.scheduler.timetables import MovedWeekProblem, TimetableChangeReason
from services.policy.routes import BY_OPERATION
from services.scheduler.proposals.moves import MOST_LISTED, Version, moved_between
from services.scheduler.solver.instance import Timetable
from services.scheduler.weeks import WeekGrid
from tests.scheduler.conftest import MONDAY, Json
from tests.scheduler.proposals.conftest import ANN, BEN, Propose, Publish, group, instance, timetable, visit
from tests.scheduler.weekly import Week

GRID = WeekGrid(ZoneInfo("America/New_York"), date.fromisoformat(MONDAY))


@pytest.fixture
async def late(week: Week, published: Json, propose: Propose) -> Json:
    """A proposal on version 1, like any other."""
    assert published
    return await propose([week.group(0, 8, 0, 1, 2), week.group(3, 8, 0, 1, 2)], [week.visit(2, 8, 0)])


def told(answer: Any) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (412, "timetable-moved"), answer.text
    assert answer.json()["type"] == "urn:eventide:problem:stale-version"
    return answer.json()["moved"]


def hours(session: Json) -> list[str | None]:
    return [side and side["start"][8:16] for side in (session["before"], session["after"])]


async def test_a_publication_that_comes_too_late_names_whose_session_moved_from_where_to_where_and_why(
    week: Week, proposed: Json, late: Json, publish: Publish
) -> None:
    assert (await publish(proposed, reason="admission")).status_code == 200

    refused = await publish(late, reason="better_week")

    moved = told(refused)
    assert (moved["base_version"], moved["current_version"], moved["count"]) == (1, 2, 5)
    assert {session["version"] for session in moved["sessions"]} == {2}
    assert {session["reason"] for session in moved["sessions"]} == {"admission"}
    found = {(one["patient_id"], one["service"], one["kind"], *hours(one)) for one in moved["sessions"]}
    assert found == {
        *((week.ids[number], "process_group", "moved", "06T09:00", "07T10:30") for number in range(3)),
        (week.ids[0], "individual", "moved", "07T09:00", "08T09:00"),
        (week.ids[3], "process_group", "added", None, "05T09:00"),
    }
    assert "which moved 5 sessions" in refused.json()["detail"]
    assert not any(patient in refused.json()["detail"] for patient in week.ids)


async def test_of_several_versions_each_session_names_the_one_that_changed_it_last(
    *, week: Week, proposed: Json, late: Json, propose: Propose, publish: Publish
) -> None:
    assert (await publish(proposed, reason="admission")).status_code == 200
    groups = [week.group(0, 8, 0, 1, 2, 3), week.group(2, 14, 0, 1, 2)]
    assert (await publish(await propose(groups, [week.visit(4, 8, 0)]), reason="clinical")).status_code == 200

    moved = told(await publish(late, reason="better_week"))

    assert (moved["current_version"], moved["count"]) == (3, 5)
    by_service = {(one["service"], one["version"], one["reason"]) for one in moved["sessions"]}
    assert by_service == {("individual", 3, "clinical"), ("process_group", 2, "admission")}


async def test_a_first_week_that_somebody_else_has_published_is_told_as_added(
    week: Week, propose: Propose, publish: Publish
) -> None:
    first, second = [await propose([week.group(0, 8, 0, 1, 2)], []) for _ in range(2)]
    assert (await publish(first)).status_code == 200

    moved = told(await publish(second))

    assert (moved["base_version"], moved["current_version"], moved["count"]) == (0, 1, 3)
    assert {(one["kind"], one["before"], one["reason"]) for one in moved["sessions"]} == {("added", None, None)}


async def test_where_nothing_moved_if_match_is_what_is_wrong(published: Json, late: Json, publish: Publish) -> None:
    assert published

    refused = await publish(late | {"base_version": 7}, reason="better_week")

    assert told(refused) == {"base_version": 1, "current_version": 1, "count": 0, "sessions": []}
    assert "If-Match names another one" in refused.json()["detail"]


async def test_an_if_match_that_names_no_version_was_refused_otherwise_than_documented(
    late: Json, publish: Publish
) -> None:
    refused = await publish(late | {"base_version": "no version"}, reason="better_week")

    assert refused.status_code == 412
    assert MovedWeekProblem.model_validate(refused.json()).moved is None


@pytest.mark.parametrize("told", ["publish_proposal", "revert_timetable", "create_placement"])
def test_whoever_is_told_may_read_in_the_book_what_the_refusal_names(told: str) -> None:
    callers, readers = (BY_OPERATION[name].roles for name in (told, "list_appointments"))

    assert callers
    assert callers <= readers


def test_the_list_is_bounded_and_the_count_is_not() -> None:
    known = instance()
    people = tuple(replace(known.patients[0], id=f"00000000-0000-0000-0000-{number:012}") for number in range(30))
    crowded = replace(known, patients=people)
    before = timetable(group() | {"members": [person.id for person in people]})
    after = timetable(group(day=4) | {"members": [person.id for person in people]})

    moved = moved_between(
        crowded, crowded, [Version(1, None, before), Version(2, TimetableChangeReason.CLOSURE, after)], GRID
    )

    assert (moved.count, len(moved.sessions)) == (30, MOST_LISTED)


def test_what_nobody_knows_any_more_is_left_out_and_who_has_left_is_not() -> None:
    older = instance()
    newer = replace(older, patients=tuple(one for one in older.patients if one.id != ANN))
    gone = {**group(day=2), "kind": "closed since"}
    before = timetable(group(), gone, visits=(visit(),))

    moved = moved_between(
        older, newer, [Version(3, None, before), Version(4, TimetableChangeReason.DISCHARGE, Timetable())], GRID
    )

    assert {(str(one.patient_id), one.service) for one in moved.sessions} == {
        (ANN, "process_group"),
        (BEN, "process_group"),
        (ANN, "individual"),
    }
    assert all(one.after is None and one.reason is TimetableChangeReason.DISCHARGE for one in moved.sessions)
