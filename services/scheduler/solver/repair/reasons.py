"""Why a repair loses what it loses: for each person and service, facts that keep it from being placed anywhere else."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.scheduler.solver.instance import Id, Instance, Timetable
from services.scheduler.solver.interactive.answers import WhyUnplaced, why_unplaced
from services.scheduler.solver.interactive.frozen import FrozenWeek
from services.scheduler.solver.repair.promises import standing
from services.scheduler.solver.repair.refilling import in_need


@dataclass(frozen=True, slots=True)
class Lost:
    """What one person loses of one service, with irreducible facts and the cheapest that could be asked for instead."""

    patient: Id
    why: WhyUnplaced


def why_lost(instance: Instance, repaired: Timetable) -> Iterator[Lost]:
    """Yield a reason for whatever the repaired week loses and has no place for, everybody else standing still.

    A repair that was cut short may lose what has a place; that is no reason, and nothing is said of it.
    """
    week = FrozenWeek(instance, repaired)
    for patient in in_need(week, standing(instance)):
        for why in why_unplaced(week, patient):
            yield Lost(patient.id, why)
