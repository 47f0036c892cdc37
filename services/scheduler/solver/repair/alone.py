"""What people lose whatever becomes of the others: each alone in an empty clinic with everybody on shift."""

from dataclasses import replace
from typing import Final

from services.scheduler.solver.instance import Id
from services.scheduler.solver.repair.choices import Choices, Scope
from services.scheduler.solver.repair.levels import Levels
from services.scheduler.solver.rules import (
    BreakBetweenSessions,
    DayLength,
    IdleMaximum,
    NeverMoreThanNeeded,
    NurseSpacing,
    OneModalityADay,
    OneServiceADay,
    Rule,
)

# What a patient may attend at all is settled where the choices are listed; these rule how it goes together.
_OF_ONE_PATIENT: Final[tuple[Rule, ...]] = (
    OneModalityADay(),
    OneServiceADay(),
    BreakBetweenSessions(),
    DayLength(),
    IdleMaximum(),
    NurseSpacing(),
    NeverMoreThanNeeded(),
)


def unavoidably_lost(choices: Choices, patients: frozenset[Id], *, seconds: float) -> int:
    """Return slots that these patients lose together in every timetable; each gets an equal share of the time."""
    return sum(_lost_alone(choices, patient, seconds / len(patients)) for patient in patients)


def _lost_alone(choices: Choices, patient: Id, seconds: float) -> int:
    scope = Scope(frozenset({patient}), frozenset(), relaxed=True, others=len(choices.promises))
    choice = choices.choice(scope)
    unstaffed = replace(choice.problem, leads=(), assists=())
    model = Levels(replace(choice, problem=unstaffed), choices.eligible, rules=_OF_ONE_PATIENT)
    return model.minimise(model.lost, seconds=seconds).bound
