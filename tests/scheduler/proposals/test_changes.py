"""Differences as numbered changes, and what remains of a week when some are rejected."""

from typing import Any

import pytest

from services.scheduler.proposals.changes import Change, Decisions, changes_of, week_without
from services.scheduler.solver.instance import Instance, Timetable
from tests.scheduler.proposals.conftest import ANN, BEN, CO, LEAD, group, instance, timetable, visit


def described(changes: list[Change]) -> list[tuple[str, str, Any, Any]]:
    return sorted(
        (
            change.kind.value,
            str(change.seats[0].patient),
            change.before and change.before.when,
            change.after and change.after.when,
        )
        for change in changes
    )


def told(*groups: dict[str, Any], visits: tuple[dict[str, Any], ...] = ()) -> Instance:
    return instance(published={"groups": list(groups), "individuals": list(visits)})


def test_what_stays_is_no_change_and_the_rest_is_told_apart() -> None:
    before = told(group(0), group(1), visits=(visit(2), visit(4)))
    after = timetable(group(0), group(3), visits=({**visit(2), "practitioner": CO},))

    changes = changes_of(before, after)

    assert [change.number for change in changes] == [1, 2, 3, 4]
    assert described(changes) == sorted(
        [
            ("moved", ANN, (1, 8), (3, 8)),
            ("moved", BEN, (1, 8), (3, 8)),
            ("reassigned", ANN, (2, 0), (2, 0)),
            ("removed", ANN, (4, 0), None),
        ]
    )


def test_a_first_version_is_all_added_and_numbers_do_not_depend_on_the_order_of_sets() -> None:
    planned = timetable(group(0), group(1), group(2), visits=(visit(3),))

    changes = changes_of(instance(), planned)

    assert {change.kind.value for change in changes} == {"added"}
    assert changes == changes_of(instance(), planned)
    order = [(str(change.seats[0].patient), change.seats[0].when) for change in changes]
    assert order == sorted(order)


def as_sets(week: Timetable) -> Any:
    groups = {(meeting.day, meeting.slot, meeting.lead): frozenset(meeting.members) for meeting in week.groups}
    return groups, set(week.visits)


def test_rejecting_everything_gives_back_what_is_published_and_nothing_keeps_the_proposal() -> None:
    before = told(group(0), group(1), visits=(visit(2),))
    assert before.published is not None
    after = timetable(group(0), {**group(3), "lead": CO, "co": LEAD}, visits=(visit(4),))
    changes = changes_of(before, after)

    everything = {change.number for change in changes}

    assert as_sets(week_without(after, changes, everything)) == as_sets(before.published)
    assert as_sets(week_without(after, changes, set())) == as_sets(after)


def reject(numbers: Any) -> Any:
    return set(numbers)


@pytest.fixture
def moved_group() -> tuple[Decisions, dict[str, int]]:
    before, after = told(group(0), visits=(visit(2),)), timetable(group(1), visits=(visit(3),))
    numbers = {
        f"{change.seats[0].service} {change.seats[0].patient}": change.number for change in changes_of(before, after)
    }
    return Decisions(before, after), numbers


def test_a_visit_is_rejected_alone(moved_group: tuple[Decisions, dict[str, int]]) -> None:
    decisions, numbers = moved_group

    assert decisions.broken_rules({numbers[f"individual {ANN}"]}) == []


def test_half_a_group_does_not_stand_and_the_remedy_is_the_other_half_and_no_more(
    moved_group: tuple[Decisions, dict[str, int]],
) -> None:
    decisions, numbers = moved_group
    ann, ben = numbers[f"process_group {ANN}"], numbers[f"process_group {BEN}"]

    assert decisions.broken_rules({ann}) == ["a group would fall outside its size"]
    assert decisions.remedy({ann}, set(numbers.values()), reject) == [ben]
    assert decisions.broken_rules({ann, ben}) == []


def test_where_nothing_would_help_there_is_no_remedy(moved_group: tuple[Decisions, dict[str, int]]) -> None:
    decisions, numbers = moved_group
    ann = numbers[f"process_group {ANN}"]

    assert decisions.remedy({ann}, {ann}, reject) == []


def test_a_broken_rule_is_told_without_a_name() -> None:
    before = told(group(0), visits=(visit(2),))
    after = timetable({**group(0), "lead": CO, "co": LEAD}, visits=(visit(3),))
    decisions = Decisions(before, after)

    [broken, *more] = decisions.broken_rules({1})

    assert not any(name in f"{broken} {more}" for name in (ANN, BEN, LEAD, CO))
