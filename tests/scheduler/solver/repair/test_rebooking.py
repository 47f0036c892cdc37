"""A repair by hand: it is there at once, and breaks no rule."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, Interval, Timetable, Visit
from services.scheduler.solver.repair.disruption import Disruption, PractitionerOut, RoomLost, disrupted
from services.scheduler.solver.repair.faults import Faults
from services.scheduler.solver.repair.measures import measure
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.repair.rebooking import rebooked
from tests.scheduler.solver.repair.test_repair import DISRUPTIONS, Document, documents

MONDAY = 0


def by_hand(instance: Instance, *disruptions: Disruption) -> tuple[Instance, Timetable]:
    after = disrupted(instance, disruptions)
    told = standing(after)
    return after, rebooked(after, told, Faults(after, told).hit())


def test_what_is_done_by_hand_breaks_no_rule(
    document: Callable[..., Any], patient: Callable[..., Any], told: Callable[[Instance], Instance]
) -> None:
    seen = {"lost": 0, "rebooked": 0}

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(build=documents(), happened=st.lists(DISRUPTIONS, min_size=1, max_size=2))
    def holds(build: Callable[..., Document], happened: list[Disruption]) -> None:
        after, week = by_hand(told(instance_from_json(build(document, patient))), *happened)
        assert check(after, week).ok
        measures = measure(after, standing(after), week)
        seen["lost"] += measures.lost > 0
        seen["rebooked"] += bool(measures.touched) and not measures.lost

    holds()
    assert min(seen.values()) > 0, seen


def test_somebody_else_leads_and_nobody_is_touched(
    make: Callable[..., Instance], told: Callable[[Instance], Instance]
) -> None:
    instance = told(make())
    assert instance.published is not None
    (group,) = instance.published.groups
    hours = (Interval(group.day, group.slot, group.slot + 6),)

    after, week = by_hand(instance, PractitionerOut(group.lead, hours))

    assert measure(after, instance.published, week).rank == (0, 0, 0, 1)


def test_another_room_is_taken_at_the_same_time(
    make: Callable[..., Instance], told: Callable[[Instance], Instance]
) -> None:
    instance = told(make())
    assert instance.published is not None
    (group,) = instance.published.groups
    assert group.room is not None

    after, week = by_hand(instance, RoomLost(group.room, (Interval(group.day, 8, 32),)))

    assert measure(after, instance.published, week).touched == frozenset()
    assert week.groups[0].room not in (None, group.room)


def test_a_visit_goes_to_the_first_hour_that_fits(
    make: Callable[..., Instance], patient: Callable[..., Document]
) -> None:
    instance = make(patients=[patient(0, needs={"individual": 4}, team=["staff-0"])])
    seen = Visit("patient-0", "individual", MONDAY, 16, "on_site", "staff-0")
    instance = replace(instance, published=Timetable((), (seen,)))

    _, week = by_hand(instance, PractitionerOut("staff-0", (Interval(MONDAY, 10, 20),)))

    assert week.visits == (replace(seen, slot=22),)
