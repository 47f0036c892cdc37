"""What a solve answers: four statuses, none of them an exception."""

from dataclasses import dataclass
from enum import StrEnum

from services.scheduler.solver.goals import Goals
from services.scheduler.solver.instance import Id, Timetable


class Status(StrEnum):
    """`optimal` is proven; `infeasible` means the instance contradicts itself."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a need is unmet: a code for machines and a sentence for people, naming nobody."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class UnmetNeed:
    """Slots of a service a patient needs and does not get."""

    patient: Id
    service: str
    slots: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a solve stands; `unmet` and `unmet_bound` are slots, `seconds` wall time.

    `timetable` is the best so far, where there is one that breaks no rule.
    """

    incumbent: float
    bound: float
    gap: float
    unmet: int
    unmet_bound: int
    seconds: float
    timetable: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer.

    `bound` is a true lower bound on the objective of every timetable, `unmet_bound` on its unmet
    slots. `contradictions` say why an instance is infeasible. `work` is deterministic effort.
    """

    status: Status
    timetable: Timetable | None
    objective: float | None
    bound: float | None
    goals: Goals | None
    unmet: tuple[UnmetNeed, ...]
    unmet_bound: int
    seconds: float
    work: float
    contradictions: tuple[str, ...] = ()

    @property
    def gap(self) -> float | None:
        """Relative distance of the objective from the bound."""
        if self.objective is None or self.bound is None:
            return None
        return relative_gap(self.objective, self.bound)


def relative_gap(objective: float, bound: float) -> float:
    """Distance from the bound as a share of the objective."""
    return max(0.0, objective - bound) / max(1e-9, abs(objective))
