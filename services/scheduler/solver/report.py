"""An outcome as JSON: the timetable's document, and the few figures of a summary."""

from typing import Any

from services.scheduler.solver.check import Verdict, check
from services.scheduler.solver.format import TIMETABLE_FORMAT, timetable_to_json
from services.scheduler.solver.instance import SLOT_MINUTES, Instance, Timetable
from services.scheduler.solver.outcome import Outcome, Progress, UnmetNeed


def outcome_to_json(instance: Instance, outcome: Outcome) -> dict[str, Any]:
    """Write `eventide-timetable/1` with goals, reasons and the proof of unmet minutes beside it."""
    document = timetable_to_json(outcome.timetable or Timetable())
    return document | {
        "format": TIMETABLE_FORMAT,
        "instance": instance.name,
        "status": outcome.status.value,
        "objective": outcome.objective,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "seconds": round(outcome.seconds, 3),
        "work": round(outcome.work, 3),
        "goals": goals_to_json(outcome),
        "unmet": [_unmet_to_json(need) for need in outcome.unmet],
        "unmet_minutes": sum(need.slots for need in outcome.unmet) * SLOT_MINUTES,
        "unmet_minutes_bound": outcome.unmet_bound * SLOT_MINUTES,
        "contradictions": list(outcome.contradictions),
    }


def goals_to_json(outcome: Outcome) -> dict[str, float] | None:
    """Write the goals in their order; unmet is in slots."""
    goals = outcome.goals
    if goals is None:
        return None
    return {name: getattr(goals, name) for name in goals.__slots__}


def _unmet_to_json(need: UnmetNeed) -> dict[str, Any]:
    return {
        "patient": need.patient,
        "service": need.service,
        "slots": need.slots,
        "reasons": [{"code": reason.code, "sentence": reason.sentence} for reason in need.reasons],
    }


def verdict_of(instance: Instance, outcome: Outcome) -> dict[str, Any]:
    """Have the independent checker judge an outcome; without a timetable there is nothing wrong."""
    if outcome.timetable is None:
        return {"ok": True, "cost": None, "errors": []}
    verdict: Verdict = check(instance, outcome.timetable, bound=outcome.bound)
    return {"ok": verdict.ok, "cost": verdict.cost, "errors": list(verdict.errors[:20])}


def progress_to_json(progress: Progress) -> dict[str, Any]:
    """Write one line of progress."""
    return {
        "incumbent": progress.incumbent,
        "bound": progress.bound,
        "gap": round(progress.gap, 5),
        "unmet_minutes": progress.unmet * SLOT_MINUTES,
        "unmet_minutes_bound": progress.unmet_bound * SLOT_MINUTES,
        "seconds": round(progress.seconds, 3),
    }
