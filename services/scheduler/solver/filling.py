"""A dive's meetings filled: people's weeks decided a few at a time, the surest first, while prices go on moving.

What is decided is out of the market, and whoever is left sees only what is left.
"""

from collections.abc import Iterable
from copy import deepcopy
from typing import Final

import numpy as np

from services.scheduler.solver.booking import Staffed, booked
from services.scheduler.solver.dive import MOMENTUM, SEAT_STEP, SHARED_STEP, Dive
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.planned_weeks import Week, WeekReader
from services.scheduler.solver.prices import Array, Prices, quantized
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.taken import Taken

MEMORY: Final = 0.85
STEPS_BEFORE: Final = 16
STEPS_EACH: Final = 4
# Of those who are left, who are decided at once; and at least so many.
SHARE_AT_ONCE: Final = 1 / 12
FEWEST_AT_ONCE: Final = 4
# Rounds in which nobody's week fitted, before whoever is left has nothing.
MOST_IDLE: Final = 6
MOST_CLOSINGS: Final = 3
# A place of a pool that has none left, in unmet slots.
TOO_DEAR: Final = 10.0
STEPS_AFTER_CLOSING: Final = 6


def filled(
    instance: Instance, offers: Offers, statics: Statics, dive: Dive, *, prices: Prices | None = None
) -> Timetable:
    """Build a week that breaks no rule of the meetings that a dive has fixed; the dive is left as it was.

    It begins at the dive's prices, or at others that are better known.
    """
    filling = Filling(instance, offers, statics, dive, prices)
    filling.fill()
    week = filling.timetable()
    filling.leave()
    return week


class Filling:
    """The weeks of everybody beside the meetings that a dive has fixed.

    It books into the dive's market; `leave` gives that back as it was.
    """

    def __init__(
        self, instance: Instance, offers: Offers, statics: Statics, dive: Dive, prices: Prices | None = None
    ) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._weeks, self._market = dive.weeks, dive.market
        self._reader = WeekReader(instance, dive.weeks)
        self._too_dear = TOO_DEAR * instance.weights.unmet
        self._taken = Taken(instance, offers, dive.market, dive.weeks.shapes, dict(dive.plan.meetings))
        self._before = self._taken.keep()
        self._is_free = dive.weeks.shapes.is_free
        self._closed = np.ones(len(offers.items), np.bool_)
        self._closed[list(self._taken.leads)] = False
        self._base = dive.prices if prices is None else deepcopy(prices)
        self._base.seats[self._closed] = 0.0
        self._base.seats[~np.isfinite(self._base.seats)] = 0.0
        self._wished = dive.plan.wanted
        self._barred = np.zeros(offers.eligible.shape, np.bool_)
        self._decided: dict[int, Week] = {}
        self._start()

    def fill(self) -> None:
        """Decide everybody's week."""
        self._go(STEPS_BEFORE)
        self._decide_all()

    def timetable(self) -> Timetable:
        """Build a week that breaks no rule of what is decided."""
        taken = self._taken
        staffed = Staffed(taken.leads, taken.helpers)
        return booked(self._instance, self._offers, self._statics, staffed, list(self._decided.values()))

    def leave(self) -> None:
        """Give back what was taken of the dive's market."""
        self._taken.restore(self._before)
        self._is_free[:] = True

    def _start(self) -> None:
        """Begin with whoever is not decided, at the prices of the dive."""
        self._is_free[:] = True
        self._is_free[list(self._decided)] = False
        self._prices, self._wanted = deepcopy(self._base), self._wished.copy()
        self._momentum: Prices | None = None
        self._asked = self._prices
        for meeting in self._taken.leads:
            self._bar(meeting)

    def _bar(self, meeting: int) -> None:
        """Keep people out of a meeting that is full, or where they may not meet a member."""
        self._barred[meeting] = self._closed[meeting] or self._taken.left(meeting, self._prices) < 1
        self._barred[meeting, self._taken.barred(meeting)] = True

    def _go(self, steps: int) -> None:
        """Move the prices so often; the kernels then hold the answer to what was `_asked` last."""
        for _ in range(steps):
            self._asked = self._offered()
            demand = self._weeks.respond(self._asked).usage
            self._wanted = MEMORY * self._wanted + (1 - MEMORY) * demand.seats
            demand = self._market.excess_demand(demand, self._prices, np.zeros(len(self._offers.items)))
            demand.seats -= self._sold()
            self._momentum = demand if self._momentum is None else self._momentum.blended(demand, MOMENTUM)
            moved = self._prices.moved(self._momentum, seats=SEAT_STEP, shared=SHARED_STEP)
            places = {name: quantized(np.minimum(price, self._too_dear)) for name, price in moved.places.items()}
            self._prices = Prices(quantized(moved.seats), quantized(moved.staff), places)

    def _offered(self) -> Prices:
        """The prices, with whatever is sold out beyond reach."""
        prices, stock = self._prices, self._market.stock
        return Prices(
            np.where(self._barred | self._closed[:, None], np.inf, prices.seats),
            prices.staff,
            {name: np.where(stock[name] < 1, self._too_dear, price) for name, price in prices.places.items()},
        )

    def _sold(self) -> Array:
        """Whose seats the meetings would sell for the most: [offer, patient]."""
        sold = np.zeros_like(self._prices.seats)
        for meeting in self._taken.leads:
            if self._closed[meeting]:
                continue
            seats, members = self._taken.seats(meeting), len(self._taken.members[meeting])
            able = self._offers.eligible[meeting] & self._is_free & ~self._barred[meeting]
            people = np.flatnonzero(able)
            price = self._prices.seats[meeting, people]
            order = np.argsort(-price, kind="stable")
            wanted = int((price > 0).sum())
            few, many = (
                max(seats.minimum - members, 0, min(most - members, wanted)) for most in (seats.alone, seats.maximum)
            )
            count = few
            if many > few and self._is_worth_help(meeting, float(price[order[few:many]].sum())):
                count = many
            sold[meeting, people[order[:count]]] = 1.0
        return sold

    def _is_worth_help(self, meeting: int, earned: float) -> bool:
        if meeting in self._taken.helpers:
            return True
        helper = self._taken.helper(meeting, self._prices)
        if helper is None:
            return False
        time = float(self._prices.staff[helper, self._market.window(meeting)].sum())
        return earned > self._taken.upkeep(meeting) / 2 + time

    def _decide_all(self) -> None:
        """Decide whoever is free; close what then lacks members, and decide those anew."""
        self._decide_free()
        for _ in range(MOST_CLOSINGS):
            short = [m for m, who in self._taken.members.items() if 0 < len(who) < self._taken.seats(m).minimum]
            if not short:
                break
            self._closed[short] = True
            self._free({patient for meeting in short for patient in self._taken.members[meeting]})
            self._go(STEPS_AFTER_CLOSING)
            self._decide_free()

    def _decide_free(self) -> None:
        idle = 0
        while self._is_free.any() and idle < MOST_IDLE:
            idle = 0 if self._decide() else idle + 1
            if self._is_free.any():
                self._go(STEPS_EACH)

    def _decide(self) -> bool:
        """Decide those who have long wanted the same; say whether there was anybody."""
        free = np.flatnonzero(self._is_free).tolist()
        weeks = [week for patient in free if (week := self._reader.week(patient, self._asked)) is not None]
        weeks.sort(key=self._certainty, reverse=True)
        left = most = max(FEWEST_AT_ONCE, int(SHARE_AT_ONCE * len(free)))
        for week in weeks:
            if left and self._taken.fits(week, self._prices):
                self._have(week)
                left -= 1
        return left < most

    def _certainty(self, week: Week) -> float:
        if not week.meetings:
            return float(bool(week.visits)) - 1.0
        return min(float(self._wanted[meeting, week.patient]) for meeting in week.meetings)

    def _have(self, week: Week) -> None:
        self._taken.take(week, self._prices)
        self._decided[week.patient] = week
        self._is_free[week.patient] = False
        for meeting in week.meetings:
            self._bar(meeting)

    def _free(self, people: Iterable[int]) -> None:
        for patient in people:
            if patient in self._decided:
                self._taken.give_back(self._decided.pop(patient))
        self._start()
