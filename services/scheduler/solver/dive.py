"""Meetings fixed one after another, the most wanted first, while prices go on moving around them.

A fixed meeting takes its lead, its room and its cost out of the market, and must sell its seats for whatever they
bring: so each step's value is a bound of the weeks that hold all the fixed meetings. A meeting after which that bound
leaps is given back and closed, unless closing it costs no less.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from services.scheduler.solver.duals.days import block_visits
from services.scheduler.solver.duals.engine import CompiledMarket, CompiledWeeks
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import SLOTS_A_DAY, Instance
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import ROOMS, Array, Hours, Prices, quantized
from services.scheduler.solver.seating import Seating
from services.scheduler.solver.shortage import Missing
from services.scheduler.solver.statics import Statics
from services.scheduler.solver.usual import usual_members

SEAT_STEP: Final = 0.6
SHARED_STEP: Final = 0.15
MOMENTUM: Final = 0.8
MEMORY: Final = 0.9
STEPS_BEFORE: Final = 20
STEPS_EACH: Final = 8
STEPS_AFTER: Final = 60
# A meeting wanted by fewer than this in all is not fixed.
LEAST_WANTED: Final = 0.3
# Of the most wanted, for a meeting to be fixed in the same round.
NEARLY_MOST: Final = 0.7
# Meetings fixed in a round: a step takes longer where there are more people, and there are more meetings too.
PEOPLE_FOR_ONE: Final = 34
# How far the bound may rise with each of the meetings fixed, and with few of them, before they are given back; the
# latter for so many people, since with more of them it rises more whatever is fixed.
LEAP_EACH: Final = 5.0
LEAP: Final = 10.0
PEOPLE_FOR_LEAP: Final = 60
# Of what is still wanted where no meeting is wanted enough, how much is closed at a time.
CLOSED_SHARE: Final = 0.5
TOLERANCE: Final = 1e-6
# Of a member, by how much a meeting may lack one where shares of people are counted.
LACKING: Final = 0.01
# After so many in a row what is wanted least is closed.
MOST_GIVEN_BACK: Final = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """Meetings worth opening, each with who leads it, and how much everybody wanted each seat: [offer, patient]."""

    meetings: tuple[tuple[int, int], ...]
    wanted: Array


@dataclass(slots=True)
class _Course:
    """Where the dive is: all that fixing a meeting may change, but for the offers' own arrays."""

    prices: Prices
    wanted: Array
    is_fixed: Mask
    is_closed: Mask
    capacity: Array
    stock: dict[str, Array]
    hours: Hours
    leaders: Mask
    assistants: Mask
    team_starts: Mask
    momentum: Prices | None = None
    meetings: list[tuple[int, int]] = field(default_factory=list)
    sunk: float = 0.0
    bound: float = -np.inf


class Dive:
    """Fixes meetings until nobody wants another."""

    def __init__(
        self,
        instance: Instance,
        offers: Offers,
        statics: Statics,
        *,
        prices: Prices,
        wanted: Array,
        threads: int = 1,
    ) -> None:
        self._offers = replace(offers, leaders=offers.leaders.copy(), assistants=offers.assistants.copy())
        self.market = CompiledMarket(instance, self._offers)
        self.weeks = CompiledWeeks(instance, self._offers, statics, threads)
        self._at_once = max(1, int((len(instance.patients) / PEOPLE_FOR_ONE) ** 1.5))
        self._size = max(1.0, len(instance.patients) / PEOPLE_FOR_LEAP)
        self._group_weight, self._unmet_weight = instance.weights.group, instance.weights.unmet
        self._seating = Seating(instance, offers)
        self._missing = Missing(instance, statics, self.market)
        self._known, self._moved_weight = usual_members(instance, offers), instance.weights.moved
        count = len(offers.items)
        self._now = _Course(
            prices=deepcopy(prices),
            wanted=wanted.copy(),
            is_fixed=np.zeros(count, np.bool_),
            is_closed=np.zeros(count, np.bool_),
            capacity=self.market.capacity,
            stock=self.market.stock,
            hours=self.market.hours,
            leaders=self._offers.leaders,
            assistants=self._offers.assistants,
            team_starts=self.weeks.shapes.team_starts,
            sunk=float(instance.cost_of_the_known()),
        )
        self._most, self._given_back = self._at_once, 0
        self._go(STEPS_BEFORE)

    @property
    def plan(self) -> Plan:
        """What is fixed so far."""
        return Plan(tuple(self._now.meetings), self._now.wanted.copy())

    @property
    def prices(self) -> Prices:
        """The prices as they are now."""
        return deepcopy(self._now.prices)

    @property
    def bound(self) -> float:
        """The best value of the last steps: no week with the fixed meetings and without the closed ones is below it."""
        return self._now.bound

    def advance(self) -> bool:
        """Fix the meetings that are wanted most, or give them back; say whether there is more to do."""
        chosen = self._most_wanted()
        if not chosen:
            return self._concentrate()
        before = deepcopy(self._now)
        if not self._fix_what_can_be_filled(chosen):
            # Whoever wanted what is closed now turns to others at the next step.
            self._go(1)
            return True
        self._go(STEPS_EACH)
        if self._now.bound <= before.bound + max(LEAP * self._size, LEAP_EACH * len(chosen)):
            self._most, self._given_back = self._at_once, 0
        elif len(chosen) > 1:
            self._go_back(before)
            # Of several that leap together most are good by themselves.
            self._most = len(chosen) // 2
        else:
            self._most = self._at_once
            self._branch(before, chosen[0])
        if self._given_back >= MOST_GIVEN_BACK:
            self._given_back = 0
            return self._concentrate()
        return True

    def _fix_what_can_be_filled(self, chosen: list[int]) -> bool:
        """Fix meetings that can have the members they must beside those fixed, and close the others."""
        now, count = self._now, len(self._now.meetings)
        for offer in chosen:
            if now.is_closed[offer]:
                continue
            if self._seating.lacks([*np.flatnonzero(now.is_fixed).tolist(), offer]) < LACKING:
                self._fix(offer)
            else:
                self._close(offer)
        return len(now.meetings) > count

    def _concentrate(self) -> bool:
        """Close the meetings that are wanted least, so that who wanted them turns to others; say whether any were."""
        wanted = self._wanted()
        order = np.argsort(wanted, kind="stable")
        order = order[wanted[order] > 0]
        at_once = CLOSED_SHARE * wanted.sum() if wanted.sum() > LEAST_WANTED else np.inf
        least = order[np.cumsum(wanted[order]) <= at_once].tolist() or order[:1].tolist()
        for offer in least:
            self._close(offer)
        if least:
            self._go(STEPS_EACH)
        return bool(least)

    def _branch(self, before: _Course, offer: int) -> None:
        """Close what has leapt, unless the week without it is no cheaper: then it stays fixed."""
        fixed = deepcopy(self._now)
        self._go_back(before)
        self._close(offer)
        self._go(STEPS_EACH)
        if self._now.bound >= fixed.bound:
            self._go_back(fixed)
            self._given_back = 0
        else:
            self._given_back += 1

    def settle(self, heard: Callable[[Prices], None]) -> Prices:
        """Close every meeting that is not fixed, and let prices find their place; each response is `heard` of."""
        for offer in np.flatnonzero(~self._now.is_fixed & ~self._now.is_closed).tolist():
            self._close(offer)
        self._now.momentum = None
        for _ in range(STEPS_AFTER):
            prices = self._now.prices
            self._go(1)
            heard(prices)
        return self._now.prices

    def _wanted(self) -> Array:
        """By how many people in all each meeting is wanted that is neither fixed nor closed."""
        now = self._now
        return np.where(now.is_fixed | now.is_closed, 0.0, now.wanted.sum(axis=1))

    def _most_wanted(self) -> list[int]:
        wanted = self._wanted()
        order = np.argsort(-wanted, kind="stable")[: self._most].tolist()
        least = max(LEAST_WANTED, NEARLY_MOST * float(wanted[order[0]])) if order else 0.0
        return [offer for offer in order if wanted[offer] >= least]

    def _fix(self, offer: int) -> None:
        """Open a meeting under the lead whose time is cheapest, who is there for nothing else from now on."""
        now, when = self._now, self.market.window(offer)
        lead = self._lead(offer, when)
        now.meetings.append((offer, lead))
        now.is_fixed[offer] = True
        now.sunk += self._group_weight * float(self._offers.slots[offer])
        now.capacity[lead, when] = 0
        if self.market.on_site[offer]:
            now.stock[ROOMS][when] -= 1
        at_once = self.market.at_once(offer)
        now.leaders[at_once, lead] = now.assistants[at_once, lead] = False
        day = when.start // SLOTS_A_DAY
        self._work(lead, day, when.stop - when.start)
        block_visits(self.weeks.shapes, lead, day, when.start % SLOTS_A_DAY, when.stop - day * SLOTS_A_DAY)
        touched = at_once | ~now.leaders.any(axis=1)
        for other in np.flatnonzero(touched & ~now.is_fixed & ~now.is_closed).tolist():
            if not self._is_possible(other):
                self._close(other)

    def _lead(self, offer: int, when: slice) -> int:
        """Return who leads for the least, visits that can then no longer take place included.

        Prices move by small steps, and would come to know of such visits only when much more is fixed.
        """
        now = self._now
        cost = np.where(now.leaders[offer], now.prices.staff[:, when].sum(axis=1), np.inf)
        if offer in self._known:
            # A seat is the one that is known only under the lead of every week.
            known, shares = self._known[offer], now.wanted[offer][self._known[offer].patients]
            cost -= self._moved_weight * np.bincount(known.leads + 1, shares, len(cost) + 1)[1:]
        order = np.argsort(cost, kind="stable")
        if not self._missing.concerns(int(order[0]), when):
            return int(order[0])
        before, lead, least = self._missing.slots(), int(order[0]), np.inf
        for who in order.tolist():
            if cost[who] >= least:
                break
            more = max(0.0, self._missing.slots(who, when) - before) if self._missing.concerns(who, when) else 0.0
            if cost[who] + self._unmet_weight * more < least - TOLERANCE:
                lead, least = who, cost[who] + self._unmet_weight * more
        if least > cost[lead] + TOLERANCE:
            self._missing.slots(lead, when)
            now.prices.staff = self._missing.raised(now.prices.staff, self._unmet_weight)
        return lead

    def _work(self, lead: int, day: int, slots: int) -> None:
        """Take a lead's contact hours; whoever has too few left leads no other meeting of that day or week."""
        hours = self._now.hours
        hours.day[lead, day] -= slots
        hours.week[lead] -= slots
        hours.share[lead] = max(0, hours.share[lead] - slots)
        today = self.market.day == day
        left = np.where(today, hours.day[lead, day], hours.week[lead])
        self._now.leaders[:, lead] &= self._offers.slots <= np.minimum(left, hours.week[lead])

    def _is_possible(self, offer: int) -> bool:
        rooms = self._now.stock[ROOMS][self.market.window(offer)]
        return bool(self._now.leaders[offer].any() and (not self.market.on_site[offer] or rooms.min() >= 1))

    def _close(self, offer: int) -> None:
        self._now.is_closed[offer] = True
        self._now.prices.seats[offer] = np.inf
        self._now.wanted[offer] = 0.0

    def _go_back(self, before: _Course) -> None:
        """Take a fixing back: the market, the offers and the kernels look at the same arrays as the course."""
        now = self._now
        for name in ("capacity", "leaders", "assistants", "team_starts"):
            getattr(now, name)[...] = getattr(before, name)
        for name, stock in now.stock.items():
            stock[...] = before.stock[name]
        for name in ("day", "week", "share"):
            getattr(now.hours, name)[...] = getattr(before.hours, name)
        shared = {
            name: getattr(now, name) for name in ("capacity", "stock", "hours", "leaders", "assistants", "team_starts")
        }
        self._now = replace(before, **shared)

    def _go(self, steps: int) -> None:
        """Move the prices so often; `bound` becomes the best value on the way."""
        now = self._now
        now.bound = -np.inf
        copies = np.zeros(len(self._offers.items))
        for _ in range(steps):
            response = self.weeks.respond(now.prices)
            earned, sold = self._sales()
            now.bound = max(now.bound, response.value - self.market.rent(now.prices) + now.sunk - earned)
            now.wanted = MEMORY * now.wanted + (1 - MEMORY) * response.usage.seats
            demand = self.market.excess_demand(response.usage, now.prices, copies)
            demand.seats -= sold
            now.momentum = demand if now.momentum is None else now.momentum.blended(demand, MOMENTUM)
            copies = self._move(now.momentum)

    def _move(self, direction: Prices) -> Array:
        """Step along the direction; return how many copies of each open meeting are wanted."""
        now = self._now
        moved = now.prices.moved(direction, seats=SEAT_STEP, shared=SHARED_STEP)
        kept = quantized(moved.seats[now.is_fixed])
        moved.seats[now.is_closed] = 0.0
        now.prices, lowered = self.market.affordable(moved)
        now.prices.seats[now.is_fixed] = kept
        now.prices.seats[now.is_closed] = np.inf
        return np.where(now.is_fixed | now.is_closed, 0.0, lowered / SEAT_STEP)

    def _sales(self) -> tuple[float, Array]:
        """What the fixed meetings earn at most, and whose seats they would sell for it: [offer, patient]."""
        now, earned = self._now, 0.0
        sold = np.zeros_like(now.prices.seats)
        for offer, _ in now.meetings:
            most, buyers = self.market.best_sale(offer, now.prices.seats[offer])
            earned += most
            sold[offer, buyers] = 1.0
        return earned, sold
