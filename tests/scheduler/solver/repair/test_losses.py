"""What a repair cannot keep: it is taken up elsewhere where anything is free, and explained where nothing is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.scheduler.solver.check import check
from services.scheduler.solver.instance import Instance, Interval, Timetable, Visit
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.repair.disruption import PractitionerOut, disrupted
from services.scheduler.solver.repair.levels import Found, Levels
from services.scheduler.solver.repair.measures import losses, measure
from services.scheduler.solver.repair.reasons import why_lost
from services.scheduler.solver.repair.refilling import in_need, refilled
from services.scheduler.solver.repair.repair import repair

Document = dict[str, Any]
MONDAY = 0
LONG_ENOUGH = 60.0


def never() -> bool:
    return False


def two_visits(make: Callable[..., Instance], patient: Callable[..., Document], **changes: Any) -> Instance:
    """Two people seen by one practitioner on Monday."""
    instance = make(patients=[patient(n, needs={"individual": 4}, team=["staff-0"]) for n in range(2)], **changes)
    seen = tuple(Visit(f"patient-{n}", "individual", MONDAY, 8 + 8 * n, "on_site", "staff-0") for n in range(2))
    return replace(instance, published=Timetable((), seen))


def test_what_was_lost_is_taken_up_again_and_nobody_else_is_touched(
    make: Callable[..., Instance], patient: Callable[..., Document]
) -> None:
    instance = two_visits(make, patient)
    assert instance.published is not None
    lost = Timetable((), instance.published.visits[1:])

    filled = refilled(instance, instance.published, lost, never)

    measures = measure(instance, instance.published, filled)
    assert (measures.lost, measures.touched <= {"patient-0"}) == (0, True)
    assert check(instance, filled).ok


def test_what_is_over_is_not_taken(make: Callable[..., Instance], patient: Callable[..., Document]) -> None:
    instance = two_visits(make, patient, site_open=[[MONDAY, 8, 32]])
    assert instance.published is not None
    stays = instance.published.visits[1:]
    instance = replace(instance, begins=32, fixed=Timetable((), stays))

    filled = refilled(instance, instance.published or Timetable(), Timetable((), stays), never)

    assert filled.visits == stays


def test_no_more_than_what_was_lost_is_taken(make: Callable[..., Instance], patient: Callable[..., Document]) -> None:
    """A person who was told of one hour of two required gets that hour back; the other is not the repair's business."""
    instance = two_visits(make, patient)
    people = tuple(replace(person, needs={"individual": 8}) for person in instance.patients)
    instance = replace(instance, patients=people)
    assert instance.published is not None
    lost = Timetable((), instance.published.visits[1:])

    (looking,) = in_need(FrozenWeek(instance, lost), instance.published)
    filled = refilled(instance, instance.published, lost, never)

    assert (looking.id, looking.needs) == ("patient-0", {"individual": 4})
    assert len(filled.visits) == 2


def test_who_stops_in_time_leaves_the_week_as_it_is(
    make: Callable[..., Instance], patient: Callable[..., Document]
) -> None:
    instance = two_visits(make, patient)
    assert instance.published is not None
    lost = Timetable((), instance.published.visits[1:])

    assert refilled(instance, instance.published, lost, lambda: True) == lost


def test_every_loss_has_a_reason(make: Callable[..., Instance], patient: Callable[..., Document]) -> None:
    """The practitioner of two people is away all week, and nobody else is on their team."""
    instance = two_visits(make, patient)
    away = tuple(Interval(day, 0, 60) for day in range(7))
    after = disrupted(instance, [PractitionerOut("staff-0", away)])
    answer = repair(after, seconds=LONG_ENOUGH)
    assert answer.timetable is not None
    assert instance.published is not None
    lost = losses(after, instance.published, answer.timetable)
    assert lost == {("patient-0", "individual"): 4, ("patient-1", "individual"): 4}

    reasons = list(why_lost(after, answer.timetable))

    assert {(one.patient, one.why.service): one.why.slots for one in reasons} == lost
    assert all({fact.code for fact in one.why.facts} == {"practitioner_off"} for one in reasons)
    assert all(one.why.relaxations for one in reasons)


def test_a_repair_that_loses_nothing_gives_no_reason(
    make: Callable[..., Instance], told: Callable[[Instance], Instance]
) -> None:
    instance = told(make())
    after = disrupted(instance, [PractitionerOut("staff-0", (Interval(MONDAY, 8, 32),))])
    answer = repair(after, seconds=LONG_ENOUGH)
    assert answer.timetable is not None
    assert answer.measures is not None
    assert answer.measures.lost == 0

    assert list(why_lost(after, answer.timetable)) == []


def test_where_no_model_is_solved_in_time_what_is_free_is_taken_all_the_same(
    make: Callable[..., Instance], patient: Callable[..., Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Levels, "minimise", lambda *_args, **_kwargs: Found(None, 0))
    after = disrupted(two_visits(make, patient), [PractitionerOut("staff-0", (Interval(MONDAY, 8, 12),))])

    answer = repair(after, seconds=LONG_ENOUGH)

    assert answer.measures is not None
    assert answer.measures.lost == 0
    assert answer.measures.touched == frozenset({"patient-0"})


def test_nothing_of_the_others_changes_hands_for_nothing(
    make: Callable[..., Instance], patient: Callable[..., Document]
) -> None:
    """One of two hours with a practitioner falls out; the other could be with somebody else, but need not be."""
    instance = make(patients=[patient(n, needs={"individual": 4}) for n in range(2)])
    seen = tuple(Visit(f"patient-{n}", "individual", MONDAY, 8 + 14 * n, "on_site", "staff-0") for n in range(2))
    instance = replace(instance, published=Timetable((), seen))
    after = disrupted(instance, [PractitionerOut("staff-0", (Interval(MONDAY, 8, 12),))])

    answer = repair(after, seconds=LONG_ENOUGH)

    assert answer.measures is not None
    assert answer.measures.rank == (0, 0, 0, 1)
    assert answer.timetable is not None
    assert seen[1] in answer.timetable.visits
