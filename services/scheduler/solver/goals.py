"""What a timetable is judged by, in order of importance."""

from dataclasses import dataclass

from services.scheduler.solver.limits import Weights


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
        return (
            self.unmet,
            self.changes,
            self.moved,
            self.preference + self.trips + self.idle,
            self.continuity,
            self.groups + self.balance,
        )

    def cost(self, weights: Weights) -> float:
        """The single number of the benchmark format."""
        return (
            weights.unmet * self.unmet
            + weights.changes * self.changes
            + weights.moved * self.moved
            + weights.preference * self.preference
            + self.trips
            + weights.idle * self.idle
            + self.continuity
            + weights.group * self.groups
            + weights.balance * self.balance
        )

    def rank(self, weights: Weights) -> tuple[float, ...]:
        """What to compare timetables by: the levels first where the weights say so."""
        cost = self.cost(weights)
        return (*self.levels(), cost) if weights.lexicographic else (cost,)
