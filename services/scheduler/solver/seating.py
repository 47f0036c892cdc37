"""Whether meetings can all have the members they must, whoever comes to which.

A linear program over everybody's seats in the meetings that are to take place: nobody sits in two at once, twice a day
in the same service, or for longer than is needed. Prices alone would learn of a meeting too many only slowly.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Final

import numpy as np
from ortools.linear_solver import pywraplp

from services.scheduler.solver.instance import SLOTS_A_DAY, Instance
from services.scheduler.solver.offers import Offers

# Seats that one program may weigh; a larger one takes longer than it is worth.
MOST_SEATS: Final = 6_000
TOLERANCE: Final = 1e-6


class Seating:
    """Says how many members some meetings lack at least."""

    def __init__(self, instance: Instance, offers: Offers) -> None:
        self._instance = instance
        self._offers = offers
        self._program = pywraplp.Solver.CreateSolver("GLOP")
        self._objective = self._program.Objective()
        self._objective.SetMinimization()
        self._meetings: dict[int, pywraplp.Constraint] = {}
        self._rows: dict[tuple[object, ...], pywraplp.Constraint] = {}
        self._seats: dict[int, list[pywraplp.Variable]] = defaultdict(list)
        self._open: set[int] = set()
        self._count = 0

    def lacks(self, meetings: Collection[int]) -> float:
        """Return how many members these meetings lack together, at least; 0 where there are too many to say."""
        wanted = set(meetings)
        for meeting in wanted - set(self._meetings):
            if self._count > MOST_SEATS:
                return 0.0
            self._add(meeting)
        for meeting in self._open - wanted:
            self._set(meeting, is_open=False)
        for meeting in wanted - self._open:
            self._set(meeting, is_open=True)
        self._open = wanted
        is_solved = self._program.Solve() == pywraplp.Solver.OPTIMAL
        return float(self._objective.Value()) if is_solved else 0.0

    def _minimum(self, meeting: int) -> float:
        return float(self._instance.kinds[self._offers.items[meeting].kind].size.minimum)

    def _set(self, meeting: int, *, is_open: bool) -> None:
        self._meetings[meeting].SetLb(self._minimum(meeting) if is_open else 0.0)
        for seat in self._seats[meeting]:
            seat.SetUb(1.0 if is_open else 0.0)

    def _add(self, meeting: int) -> None:
        offer, slots = self._offers.items[meeting], int(self._offers.slots[meeting])
        service = self._instance.kinds[offer.kind].service
        endless = self._program.infinity()
        row = self._program.Constraint(0.0, endless)
        lacking = self._program.NumVar(0.0, endless, "")
        self._objective.SetCoefficient(lacking, 1)
        row.SetCoefficient(lacking, 1)
        self._meetings[meeting] = row
        for person in np.flatnonzero(self._offers.eligible[meeting]).tolist():
            seat = self._program.NumVar(0.0, 0.0, "")
            self._seats[meeting].append(seat)
            row.SetCoefficient(seat, 1)
            need = self._instance.patients[person].needs[service]
            self._row(float(need), person, service).SetCoefficient(seat, slots)
            self._row(1.0, person, service, offer.day).SetCoefficient(seat, 1)
            # Every meeting begins on this grid: two that overlap share one of its points.
            limits = self._instance.limits
            end = min(offer.slot + slots + limits.gap_slots, SLOTS_A_DAY)
            for slot in range(offer.slot, end, limits.group_start_step):
                self._row(1.0, person, offer.day, slot).SetCoefficient(seat, 1)
        self._count += len(self._seats[meeting])

    def _row(self, most: float, *of: object) -> pywraplp.Constraint:
        if of not in self._rows:
            self._rows[of] = self._program.Constraint(0.0, most)
        return self._rows[of]
