"""Repairs beside what else one could do: cancel and rebook by hand, or solve the whole week again."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any, Final

from services.operator.bench.timing import quantiles
from services.scheduler.solver.check import check
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Instance, Interval, Timetable
from services.scheduler.solver.repair.disruption import Disruption, PractitionerOut, RoomLost, disrupted
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

_Answered = tuple[float, Measures | None]


def measure_repairs(instance: Instance, timetable: Timetable, disruptions: int) -> dict[str, Any]:
    """Take a practitioner or a room away for a day, some at a time, and mend the week in each of three ways."""
    published = replace(instance, published=timetable)
    after = [disrupted(published, [one]) for one in islice(_disruptions(timetable), disruptions)]
    timed = [_timed(one) for one in after]
    answers = [answer for _, answer in timed]
    return (
        _figures([(seconds, answer.measures) for seconds, answer in timed])
        | {
            "proven_fewest": len([answer for answer in answers if answer.is_fewest]),
            "optimal": len([answer for answer in answers if answer.status == "optimal"]),
            "losses_explained": sum(_explained(one, answer) for one, answer in zip(after, answers, strict=True)),
        }
        | {"by_hand": _figures([_mended(one, _by_hand) for one in after])}
        | {"solved_again": _figures([_mended(one, _solved_again) for one in after[:RESOLVED]])}
    )


def _disruptions(timetable: Timetable) -> Iterator[Disruption]:
    """Yield who leads a group on its day, and where it meets, by turns."""
    for day in range(DAYS):
        today = [group for group in timetable.groups if group.day == day]
        whole_day = (Interval(day, 0, SLOTS_A_DAY),)
        for group in today[:2]:
            yield PractitionerOut(group.lead, whole_day)
        for room in [group.room for group in today if group.room is not None][:1]:
            yield RoomLost(room, whole_day)


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


def _figures(answered: Sequence[_Answered]) -> dict[str, Any]:
    mended = [measures for _, measures in answered if measures is not None]
    touched = [len(measures.touched) for measures in mended]
    return quantiles([seconds for seconds, _ in answered]) | {
        "people_touched": median(touched) if touched else None,
        "people_touched_in_all": sum(touched),
        "unmended": len(answered) - len(mended),
        "slots_lost": sum(measures.lost for measures in mended),
    }
