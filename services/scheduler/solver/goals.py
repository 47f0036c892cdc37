"""What a timetable is judged by, in order of importance."""

from dataclasses import dataclass
from typing import Final

from services.scheduler.solver.limits import Weights

# The goals of each level, the most important first; within a level they are added up.
LEVELS: Final = (
    ("unmet",),
    ("changes",),
    ("moved",),
    ("preference", "trips", "idle"),
    ("continuity",),
    ("groups", "balance"),
)


def prices(weights: Weights) -> dict[str, int]:
    """Return what one of each goal costs in the single number; trips and continuity are counted in its units."""
    return {
        "unmet": weights.unmet,
        "changes": weights.changes,
        "moved": weights.moved,
        "preference": weights.preference,
        "trips": 1,
        "idle": weights.idle,
        "continuity": 1,
        "groups": weights.group,
        "balance": weights.balance,
    }


@dataclass(frozen=True, slots=True)
class Goals:
    """The measured goals of one timetable; lower is better in each.

    `unmet` counts slots needed and not delivered, `changes` published sessions that are gone,
    `moved` seats and hours of the usual week that are not kept, `groups` slots of meetings with half
    of them again for a co-facilitator.
    """

    unmet: int = 0
    changes: int = 0
    moved: int = 0
    preference: int = 0
    trips: int = 0
    idle: int = 0
    continuity: int = 0
    groups: float = 0
    balance: int = 0

    def levels(self) -> tuple[float, ...]:
        """Lexicographic order: unmet, changes, moved, comfort, continuity, groups and balance."""
        return tuple(sum(getattr(self, goal) for goal in level) for level in LEVELS)

    def cost(self, weights: Weights) -> float:
        """The single number of the benchmark format."""
        return float(sum(price * getattr(self, goal) for goal, price in prices(weights).items()))

    def rank(self, weights: Weights) -> tuple[float, ...]:
        """What to compare timetables by: the levels first where the weights say so."""
        cost = self.cost(weights)
        return (*self.levels(), cost) if weights.lexicographic else (cost,)
