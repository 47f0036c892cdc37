"""One whole number for the goals of one patient's week, ordered as the instance's weights order timetables."""

from dataclasses import dataclass, fields
from typing import Self

from services.scheduler.solver.limits import Weights

# Where earlier goals win whatever the later ones say, each goal has bits of its own. A patient's week stays far below
# them: at most 420 slots unmet, some dozens of sessions, and comfort of some thousands.
_CONTINUITY = 1 << 9
_COMFORT = 1 << 18
_CHANGES = 1 << 38
_UNMET = 1 << 45
NEVER = 1 << 60
"""More than any week costs; two of them still fit 64 bits."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one unit of each goal adds to the number; `comfort` is for trips and the price of scarce seats."""

    unmet: int
    changes: int
    preference: int
    comfort: int
    idle: int
    continuity: int
    balance: int

    @classmethod
    def of(cls, weights: Weights) -> Self:
        """Take the order of the weights: lexicographic, or by the single number."""
        if weights.lexicographic:
            return cls(_UNMET, _CHANGES, _COMFORT, _COMFORT, _COMFORT, _CONTINUITY, 1)
        return cls(weights.unmet, weights.changes, weights.preference, 1, weights.idle, 1, weights.balance)

    def number(self, parts: "Parts") -> int:
        """Rank the parts: lower is better."""
        return (
            self.unmet * parts.unmet
            + self.changes * parts.changes
            + self.preference * parts.preference
            + self.comfort * (parts.trips + parts.scarcity)
            + self.idle * parts.idle
            + self.continuity * parts.continuity
            + self.balance * parts.balance
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What one patient's week adds to each goal, as the checker counts them; lower is better in each.

    `changes` counts published sessions of the patient that the week is without, `balance` only the visits placed now,
    and `scarcity` is the price of seats that people with fewer choices are expected to need.
    """

    unmet: int = 0
    changes: int = 0
    preference: int = 0
    trips: int = 0
    idle: int = 0
    continuity: int = 0
    balance: int = 0
    scarcity: int = 0

    def cost(self, weights: Weights) -> int:
        """The single number of the benchmark format, with the price of scarce seats added."""
        single = Ranking(weights.unmet, weights.changes, weights.preference, 1, weights.idle, 1, weights.balance)
        return single.number(self)

    def __sub__(self, other: "Parts") -> "Parts":
        return Parts(**{part.name: getattr(self, part.name) - getattr(other, part.name) for part in fields(Parts)})
