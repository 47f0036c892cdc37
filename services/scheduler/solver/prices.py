"""Prices that share out what everybody wants: seats, practitioners, rooms, pools.

Every price list that is `affordable` gives a valid lower bound: what each patient alone would pay
at least, prices included, less what the resources could earn at most (`rent`). Proof, for any
timetable: in each meeting the seat prices of its members sum to at most the meeting's cost and the
prices of its practitioners and room, because affordability says so of every possible set of
members. So everybody's payments sum to at most the timetable's cost plus the prices of the slots
in use, and no slot of a resource is in use more often than it exists; of a practitioner's slots no
more are in use in a day or a week than may be, and those above the busy share cost the balance.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.board import WEEK
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MEDICATION,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    Instance,
)
from services.scheduler.solver.offers import Offers

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# Prices are multiples of this, so that sums of them are exact in single precision.
QUANTUM = 1 / 64
POOLS = (INDIVIDUAL, FAMILY, MEDICATION, NURSE_VISIT)
ROOMS = "rooms"
NEARLY_CHEAPEST = 0.02


@dataclass(slots=True)
class Prices:
    """`seats` is [offer, patient], `staff` [practitioner, slot of the week], `places` by name."""

    seats: Array
    staff: Array
    places: dict[str, Array]

    @classmethod
    def nothing(cls, instance: Instance, offers: Offers) -> Self:
        """Price everything at zero."""
        return cls(
            np.zeros(offers.eligible.shape),
            np.zeros((len(instance.practitioners), WEEK)),
            {name: np.zeros(WEEK) for name in (ROOMS, *POOLS)},
        )

    @property
    def is_anything(self) -> bool:
        """Say whether anything but seats has a price."""
        return bool(self.staff.any() or any(price.any() for price in self.places.values()))

    def moved(self, direction: Self, *, seats: float, shared: float) -> Self:
        """Step along a direction; prices of practitioners and places stay above zero."""
        return type(self)(
            self.seats + seats * direction.seats,
            np.maximum(0.0, self.staff + shared * direction.staff),
            {name: np.maximum(0.0, price + shared * direction.places[name]) for name, price in self.places.items()},
        )

    def blended(self, other: Self, keep: float) -> Self:
        """Mix with another list, keeping a share of this."""
        add = 1 - keep
        return type(self)(
            keep * self.seats + add * other.seats,
            keep * self.staff + add * other.staff,
            {name: keep * own + add * other.places[name] for name, own in self.places.items()},
        )


@dataclass(slots=True)
class Hours:
    """Most contact slots of each practitioner: [practitioner, day], [practitioner]; above `share` a slot costs."""

    day: Numbers
    week: Numbers
    share: Numbers


class Market:
    """What each meeting must earn, and price lists made affordable."""

    def __init__(self, instance: Instance, offers: Offers) -> None:
        self._instance = instance
        self._offers = offers
        sizes = [instance.kinds[offer.kind].size for offer in offers.items]
        self._minimum = np.array([size.minimum for size in sizes], np.int64)
        self._maximum = np.array([size.maximum for size in sizes], np.int64)
        self._alone = np.array([min(size.co_facilitator_above, size.maximum) for size in sizes], np.int64)
        self.on_site = np.array([offer.modality == ON_SITE for offer in offers.items], np.bool_)
        self._start = np.array([offer.day * SLOTS_A_DAY + offer.slot for offer in offers.items], np.int64)
        self._end = self._start + offers.slots
        self.day = self._start // SLOTS_A_DAY
        self._capacity = np.array(
            [
                [person.works(slot // 60, slot % 60, slot % 60 + 1) for slot in range(WEEK)]
                for person in instance.practitioners
            ],
            np.float64,
        ).reshape(len(instance.practitioners), WEEK)
        staff, busy = instance.practitioners, instance.weights.busy_percent
        self.hours = Hours(
            day=np.array([[person.max_slots_day] * DAYS for person in staff], np.int64).reshape(-1, DAYS),
            week=np.array([person.max_slots_week for person in staff], np.int64),
            share=np.array([person.max_slots_week * busy // 100 for person in staff], np.int64),
        )
        opening = np.zeros(WEEK)
        for day, start, end in instance.site_open:
            opening[day * SLOTS_A_DAY + start : day * SLOTS_A_DAY + end] = 1
        self.stock = {
            ROOMS: opening * len(instance.rooms),
            INDIVIDUAL: opening * instance.offices,
            FAMILY: opening * instance.family_rooms,
            MEDICATION: np.array(instance.medication_pool, np.float64),
            NURSE_VISIT: np.array(instance.nurse_pool, np.float64),
        }

    @property
    def capacity(self) -> Array:
        """One where a practitioner is on duty: [practitioner, slot of the week]."""
        return self._capacity

    def rent(self, prices: Prices) -> float:
        """What all the priced resources would earn at most."""
        earned, _ = self.work(prices)
        return earned + sum(float((price * self.stock[name]).sum()) for name, price in prices.places.items())

    def work(self, prices: Prices) -> tuple[float, Array]:
        """What practitioners earn in the dearest slots they may work, and which these are: [practitioner, slot].

        A day's slots and a week's are nested limits, so that taking the dearest first is best.
        """
        price = np.where(self._capacity > 0, prices.staff, -np.inf)
        by_day = price.reshape(-1, DAYS, SLOTS_A_DAY)
        today = _rank(by_day) < self.hours.day[:, :, None]
        price = np.where(today, by_day, -np.inf).reshape(price.shape)
        rank = _rank(price)
        net = price - np.where(rank < self.hours.share[:, None], 0.0, self._instance.weights.balance)
        taken = (rank < self.hours.week[:, None]) & (net >= 0)
        return float(net[taken].sum()), taken.astype(np.float64)

    def upkeep(self, prices: Prices) -> tuple[Array, Array]:
        """Cost of a meeting with one practitioner, and with two."""
        weight = self._instance.weights.group
        staff = np.where(self._offers.leaders, self._window(prices.staff), np.inf)
        lead = staff.min(axis=1, initial=np.inf)
        helpers = np.where(self._offers.assistants, self._window(prices.staff), np.inf)
        room = np.where(self.on_site, self._window(prices.places[ROOMS][None])[:, 0], 0.0)
        base = weight * self._offers.slots + room
        alone = base + lead
        # The co-facilitator may be anybody but the lead; pricing them apart is never too dear.
        paired = base + weight * self._offers.slots / 2 + lead + helpers.min(axis=1, initial=np.inf)
        return alone, paired

    def _window(self, price: Array) -> Array:
        """Sum prices over each meeting: [offer, row of the price]."""
        running = np.concatenate([np.zeros((len(price), 1)), price.cumsum(axis=1)], axis=1)
        sums: Array = (running[:, self._end] - running[:, self._start]).T
        return sums

    def window(self, number: int) -> slice:
        """Name the slots of the week a meeting covers."""
        return slice(int(self._start[number]), int(self._end[number]))

    def at_once(self, number: int) -> Mask:
        """Say which meetings overlap with one: [offer]."""
        return np.asarray((self._start < self._end[number]) & (self._start[number] < self._end))

    def best_sale(self, number: int, seats: Array) -> tuple[float, npt.NDArray[np.int64]]:
        """What an open meeting earns at most from these prices [patient], its co-facilitator paid; and who buys."""
        people = np.flatnonzero(self._offers.eligible[number])
        order = people[np.argsort(-seats[people], kind="stable")]
        prices = seats[order]
        minimum, positive = int(self._minimum[number]), int((prices > 0).sum())
        alone, paired = (max(minimum, min(most, positive)) for most in (self._alone[number], self._maximum[number]))
        help_costs = self._instance.weights.group * float(self._offers.slots[number]) / 2
        earned_paired = float(prices[:paired].sum()) - help_costs
        earned_alone = float(prices[:alone].sum())
        if earned_paired > earned_alone and self._offers.assistants[number].any():
            return earned_paired, order[:paired]
        return earned_alone, order[:alone]

    def cheapest_leaders(self, prices: Prices, tolerance: float) -> Array:
        """Share each meeting among the leaders about as cheap as the cheapest: [offer, leader]."""
        cost = np.where(self._offers.leaders, self._window(prices.staff), np.inf)
        limit = cost.min(axis=1, keepdims=True, initial=np.inf) + tolerance * self._offers.slots[:, None]
        near = (cost <= limit).astype(np.float64)
        shares: Array = near / near.sum(axis=1, keepdims=True)
        return shares

    def excess_demand(self, demand: Prices, prices: Prices, copies: Array) -> Prices:
        """Say how much more of everything is wanted than exists, where so many copies of each meeting are; in place."""
        leaders = self.cheapest_leaders(prices, NEARLY_CHEAPEST)
        for number in np.flatnonzero(copies > 0).tolist():
            when = self.window(number)
            demand.staff[:, when] += copies[number] * leaders[number][:, None]
            if self.on_site[number]:
                demand.places[ROOMS][when] += copies[number]
        demand.staff -= self.work(prices)[1]
        for name, stock in self.stock.items():
            demand.places[name] -= stock
        return demand

    def opening_seats(self) -> Array:
        """Share each meeting among as many as could come, at most the seats of one lead."""
        counts = np.minimum(self._offers.eligible.sum(axis=1), self._alone)
        share = self._instance.weights.group * self._offers.slots / np.maximum(1, counts)
        return np.where(self._offers.eligible, share[:, None], 0.0)

    def affordable(self, prices: Prices) -> tuple[Prices, Array]:
        """Lower seats until no meeting earns more than its upkeep; also return by how much.

        The seats a meeting can sell are the dearest up to its minimum, which it must sell, then those
        with a price above zero up to what one lead, or a lead and a co-facilitator, may seat.
        """
        staff = quantized(prices.staff)
        places = {name: quantized(price) for name, price in prices.places.items()}
        result = Prices(prices.seats, staff, places)
        result.seats, lowered = self._lowered(prices.seats, *self.upkeep(result))
        return result, lowered

    def _lowered(self, seats: Array, alone: Array, paired: Array) -> tuple[Array, Array]:
        seats = np.where(self._offers.eligible, seats, -np.inf)
        lowered = np.zeros(len(seats))
        for _ in range(4):
            excess, sold = self._excess(seats, alone, self._alone)
            if not (excess > 0).any():
                break
            cut = excess / np.maximum(1, sold.sum(axis=1))
            seats = np.where(sold, seats - cut[:, None], seats)
            lowered += cut
        left = np.maximum(
            self._excess(seats, alone, self._alone)[0],
            self._excess(seats, paired, self._maximum)[0],
        )
        seats -= (left / self._minimum)[:, None]
        lowered += left / self._minimum
        return np.where(self._offers.eligible, quantized(seats), 0.0), lowered

    def _excess(self, seats: Array, upkeep: Array, most: npt.NDArray[np.int64]) -> tuple[Array, npt.NDArray[np.bool_]]:
        """How far each meeting's best sale is above its upkeep, and what it would sell."""
        order = np.argsort(-seats, axis=1, kind="stable")
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.arange(seats.shape[1])[None, :], axis=1)
        sold = (rank < self._minimum[:, None]) | ((rank < most[:, None]) & (seats > 0))
        earned = np.where(sold, seats, 0.0).sum(axis=1)
        return np.maximum(0.0, earned - upkeep), sold


def _rank(price: Array) -> npt.NDArray[np.int64]:
    """Number each row by price, the dearest 0."""
    order = np.argsort(-price, axis=-1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(price.shape[-1]), price.shape), axis=-1)
    return rank


def quantized(price: Array) -> Array:
    """Round down to multiples of the quantum."""
    lower: Array = np.floor(price / QUANTUM) * QUANTUM
    return lower
