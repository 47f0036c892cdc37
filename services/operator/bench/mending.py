"""Repairs beside what else one could do: cancel and rebook by hand, or solve the whole week again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import Any, Final

from services.operator.bench.timing import quantiles
from services.scheduler.solver.check import check
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Instance, Interval, Timetable
from services.scheduler.solver.repair.disruption import (
    Disruption,
    PractitionerOut,
    RoomLost,
    ShiftChanged,
    SiteClosed,
    disrupted,
    without,
)
from services.scheduler.solver.repair.faults import Faults
from services.scheduler.solver.repair.measures import Measures, measure
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.repair.reasons import why_lost
from services.scheduler.solver.repair.rebooking import rebooked
from services.scheduler.solver.repair.repair import Repair, repair
from services.scheduler.solver.solve import solve

REPAIR_SECONDS: Final = 2.5
"""A front desk waits for three; what is found is checked once more in the rest."""
RESOLVE_SECONDS: Final = 10.0
RESOLVED: Final = 2
"""How many of the disruptions the whole week is solved again for."""

_KINDS: Final[Mapping[type[Disruption], str]] = MappingProxyType(
    {
        PractitionerOut: "practitioner_out",
        RoomLost: "room_lost",
        SiteClosed: "site_closed",
        ShiftChanged: "shift_changed",
    }
)
_Answered = tuple[float, Measures | None]


def measure_repairs(instance: Instance, timetable: Timetable, disruptions: int) -> dict[str, Any]:
    """Let somebody or something fall out, one at a time, and mend the week in each of three ways."""
    published = replace(instance, published=timetable)
    fallen_out = list(islice(_disruptions(published, timetable), disruptions))
    after = [disrupted(published, [one]) for one in fallen_out]
    timed = [_timed(one) for one in after]
    answers = [answer for _, answer in timed]
    by_kind: dict[str, list[tuple[float, Repair]]] = {}
    for one, answered in zip(fallen_out, timed, strict=True):
        by_kind.setdefault(_KINDS[type(one)], []).append(answered)
    return (
        _answered(timed)
        | {"losses_explained": sum(_explained(one, answer) for one, answer in zip(after, answers, strict=True))}
        | {"kinds": {kind: _answered(some) for kind, some in by_kind.items()}}
        | {"by_hand": _figures([_mended(one, _by_hand) for one in after])}
        | {"solved_again": _figures([_mended(one, _solved_again) for one in after[:RESOLVED]])}
    )


def _disruptions(instance: Instance, timetable: Timetable) -> Iterator[Disruption]:
    """Yield day by day who leads a group, where it meets, the evening, and who leaves before the last group."""
    staff = {person.id: person for person in instance.practitioners}
    for day in range(DAYS):
        today = sorted((group for group in timetable.groups if group.day == day), key=lambda group: group.slot)
        whole_day = (Interval(day, 0, SLOTS_A_DAY),)
        for group in today[:2]:
            yield PractitionerOut(group.lead, whole_day)
        on_site = [group for group in today if group.room is not None]
        for room in [group.room for group in on_site if group.room is not None][:1]:
            yield RoomLost(room, whole_day)
        for group in on_site[-1:]:
            yield SiteClosed((Interval(day, group.slot, SLOTS_A_DAY),))
        for group in today[-1:]:
            leaves = (Interval(day, group.slot, SLOTS_A_DAY),)
            person = staff[group.lead]
            yield ShiftChanged(group.lead, without(person.shifts, leaves), without(person.breaks, leaves))


def _timed(instance: Instance) -> tuple[float, Repair]:
    began = perf_counter()
    answer = repair(instance, seconds=REPAIR_SECONDS)
    return perf_counter() - began, answer


def _mended(instance: Instance, mend: Callable[[Instance], Timetable | None]) -> _Answered:
    began = perf_counter()
    week = mend(instance)
    spent = perf_counter() - began
    is_sound = week is not None and check(instance, week).ok
    return spent, measure(instance, standing(instance), week) if week is not None and is_sound else None


def _by_hand(instance: Instance) -> Timetable:
    told = standing(instance)
    return rebooked(instance, told, Faults(instance, told).hit())


def _solved_again(instance: Instance) -> Timetable | None:
    return solve(instance, time_limit=RESOLVE_SECONDS, seed=1, workers=2).timetable


def _explained(instance: Instance, answer: Repair) -> int:
    """Count the slots that are lost for a reason that is said."""
    if answer.timetable is None:
        return 0
    return sum(lost.why.slots for lost in why_lost(instance, answer.timetable) if lost.why.facts)


def _answered(timed: Sequence[tuple[float, Repair]]) -> dict[str, Any]:
    return _figures([(seconds, answer.measures) for seconds, answer in timed]) | {
        "proven_fewest": len([answer for _, answer in timed if answer.is_fewest]),
        "optimal": len([answer for _, answer in timed if answer.status == "optimal"]),
    }


def _figures(answered: Sequence[_Answered]) -> dict[str, Any]:
    mended = [measures for _, measures in answered if measures is not None]
    touched = [len(measures.touched) for measures in mended]
    return quantiles([seconds for seconds, _ in answered]) | {
        "people_touched": median(touched) if touched else None,
        "people_touched_in_all": sum(touched),
        "unmended": len(answered) - len(mended),
        "slots_lost": sum(measures.lost for measures in mended),
    }
