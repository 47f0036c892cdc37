"""A lower bound on the cost of every timetable, raised by moving prices (Lagrangian relaxation).

Each step plans everybody alone under the prices, then raises the prices of what is wanted more than
it exists. Every step's value is valid; the best so far is kept.
"""

from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol, Self

import numpy as np

from services.scheduler.solver.grid import Grid
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.limits import Weights
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import Array, Market, Prices
from services.scheduler.solver.pricing import PricedWeeks, Response
from services.scheduler.solver.statics import Statics

SEAT_STEP = 0.5
SHARED_STEP = 0.03
MOMENTUM = 0.8
PATIENCE = 30
SHRINK = 0.7
MEMORY = 0.93
WORTHWHILE = 1e-5
TOLERANCE = 1e-6
ONLY_UNMET = Weights(
    unmet=1,
    changes=0,
    moved=0,
    preference=0,
    trip_on_site=0,
    trip_telehealth=0,
    idle=0,
    continuity=0,
    group=0,
    balance=0,
)


@dataclass(frozen=True, slots=True)
class Guide:
    """What the bound teaches the search: how often each seat was wanted lately, [offer, patient]."""

    wanted: Array


def unavoidable_unmet(instance: Instance, offers: Offers, grid: Grid) -> Array:
    """Fewest unmet slots of each patient in any timetable: alone, everything else free."""
    only_unmet = replace(instance, weights=ONLY_UNMET, published=None, usual=None)
    weeks = PricedWeeks(only_unmet, offers, Statics(only_unmet, grid))
    return weeks.values(Prices.nothing(instance, offers))


class Planner(Protocol):
    """Plans everybody's week under prices."""

    def respond(self, prices: Prices) -> Response:
        """Return what it costs, and what it uses."""
        ...


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The two halves of the relaxation: everybody alone, and what meetings must earn."""

    weeks: Planner
    market: Market

    @classmethod
    def plain(cls, instance: Instance, offers: Offers, statics: Statics) -> Self:
        """Make both without compiled code."""
        return cls(PricedWeeks(instance, offers, statics), Market(instance, offers))


class BoundSearch:
    """Raises the bound step by step; `best` never falls.

    It begins at the prices of what is known to be short, in unmet slots, and of seats shared by all who could come.
    """

    def __init__(
        self, instance: Instance, offers: Offers, relaxation: Relaxation, shortage: Prices | None = None
    ) -> None:
        self._offers = offers
        self._market = relaxation.market
        self._weeks = relaxation.weeks
        nothing = Prices.nothing(instance, offers)
        prices = nothing if shortage is None else nothing.moved(shortage, seats=0.0, shared=instance.weights.unmet)
        prices.seats = self._market.opening_seats()
        self._prices, _ = self._market.affordable(prices)
        self.best_prices = self._prices
        self._meetings = np.zeros(len(offers.items))
        self._momentum: Prices | None = None
        self._seat_step, self._shared_step = SEAT_STEP, SHARED_STEP
        self._stalled = 0
        self._constant = instance.cost_of_the_known()
        self.wanted = np.zeros(offers.eligible.shape)
        self.best = -np.inf

    def step(self) -> float:
        """Take one step and return the best bound so far."""
        response = self._weeks.respond(self._prices)
        self._keep(response)
        self._move(response)
        return self.best

    @property
    def is_exhausted(self) -> bool:
        """Say whether steps have become too small to matter."""
        return self._seat_step < SEAT_STEP / 500

    def guide(self) -> Guide:
        """Return what the search may learn from."""
        return Guide(self.wanted)

    def _keep(self, response: Response) -> None:
        value = response.value - self._market.rent(self._prices) + self._constant
        self._stalled = 0 if value > self.best + WORTHWHILE * abs(value) else self._stalled + 1
        if value > self.best:
            self.best = value
            self.best_prices = self._prices
        self.wanted = MEMORY * self.wanted + (1 - MEMORY) * response.usage.seats

    def _move(self, response: Response) -> None:
        if self._stalled > PATIENCE:
            self._stalled = 0
            self._seat_step *= SHRINK
            self._shared_step *= SHRINK
            self._prices, self._momentum = self.best_prices, None
        demand = self._market.excess_demand(response.usage, self._prices, self._meetings)
        kept = demand if self._momentum is None else self._momentum.blended(demand, MOMENTUM)
        self._momentum = kept
        moved = self._prices.moved(kept, seats=self._seat_step, shared=self._shared_step)
        self._prices, lowered = self._market.affordable(moved)
        # How far a meeting's seats had to come down tells how many copies the patients want.
        self._meetings = lowered / self._seat_step


def rounded(bound: float) -> float:
    """Round a bound up to the next cost a timetable can have; costs are half units apart."""
    return ceil(2 * bound - TOLERANCE) / 2
