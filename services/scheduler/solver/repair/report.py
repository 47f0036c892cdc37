"""A repair as an outcome, for those who know only outcomes, with what it does to people beside it."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from services.scheduler.solver.check import Verdict
from services.scheduler.solver.explain import explain
from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import SLOT_MINUTES, Instance, Timetable
from services.scheduler.solver.offers import enumerate_offers
from services.scheduler.solver.outcome import Outcome, Progress, UnmetNeed, relative_gap
from services.scheduler.solver.repair.repair import Repair, repair
from services.scheduler.solver.statics import Statics

# No cost is below it; a repair proves the fewest people, not the least cost.
_NO_BOUND: Final = 0.0


def repaired(
    instance: Instance, seconds: float, report: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> tuple[Outcome, dict[str, Any]]:
    """Mend the published week; the bound is on people and minutes, and there is none on the usual cost."""
    began = monotonic()

    def on_better(verdict: Verdict) -> None:
        gap = relative_gap(verdict.cost, _NO_BOUND)
        report(Progress(verdict.cost, _NO_BOUND, gap, verdict.goals.unmet, 0, monotonic() - began))

    answer = repair(instance, seconds=seconds, cancelled=cancelled, on_better=on_better)
    outcome = Outcome(
        status=answer.status,
        timetable=answer.timetable,
        objective=answer.cost,
        bound=None,
        goals=answer.goals,
        unmet=() if answer.timetable is None else _unmet(instance, answer.timetable),
        unmet_bound=0,
        seconds=answer.seconds,
        work=0.0,
    )
    return outcome, {"repair": _summary(answer)}


def _unmet(instance: Instance, timetable: Timetable) -> tuple[UnmetNeed, ...]:
    grid = Grid(instance)
    return explain(instance, enumerate_offers(instance, grid), Statics(instance, grid), timetable)


def _summary(answer: Repair) -> dict[str, int] | None:
    measures = answer.measures
    if measures is None:
        return None
    return {
        "people_touched": len(measures.touched),
        "people_touched_bound": answer.touched_bound,
        "minutes_lost": measures.lost * SLOT_MINUTES,
        "minutes_lost_bound": answer.lost_bound * SLOT_MINUTES,
        "sessions_changed": measures.changed,
        "sessions_reassigned": measures.reassigned,
    }
