"""What decided weeks take of a plan: seats of its meetings, practitioners' time, places."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.scheduler.solver.duals.shapes import LENGTH, WHO, Shapes
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import DAYS, MEDICATION, NURSE_VISIT, ON_SITE, SLOTS_A_DAY, Instance
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.planned_weeks import Week
from services.scheduler.solver.prices import Array, Hours, Market, Prices


class Seats(NamedTuple):
    """How many a meeting must have, may have with one lead, and may have with a co-facilitator."""

    minimum: int
    alone: int
    maximum: int


class _Claim(NamedTuple):
    """A visit's slots of the week, who holds it, and the pool it takes a place of."""

    when: slice
    who: int | None
    place: str | None


@dataclass(slots=True)
class _Book:
    """All that taking a week changes."""

    members: dict[int, list[int]]
    helpers: dict[int, int]
    capacity: Array
    stock: dict[str, Array]
    hours: Hours
    team_starts: Mask


class Taken:
    """Books weeks into a market and the kernels' tables, which then offer only what is left.

    Offers, patients and practitioners go by their numbers; `leads` says who leads which meeting.
    """

    def __init__(
        self, instance: Instance, offers: Offers, market: Market, shapes: Shapes, leads: dict[int, int]
    ) -> None:
        self._instance = instance
        self._offers = offers
        self._market = market
        self._shapes = shapes
        self._number = {person.id: number for number, person in enumerate(instance.practitioners)}
        self._rows = [np.flatnonzero(shapes.team[:, WHO] == who) for who in range(len(instance.practitioners))]
        self._starts = shapes.team_starts.copy()
        self._share = market.hours.share.copy()
        self._week = market.hours.week.copy()
        self._enemies = enemies(instance)
        self._largest_room = max((room.capacity for room in instance.rooms), default=0)
        self.leads = leads
        self.members: dict[int, list[int]] = defaultdict(list)
        self.helpers: dict[int, int] = {}

    def seats(self, meeting: int) -> Seats:
        """Return the sizes a meeting may have."""
        size = self._instance.kinds[self._offers.items[meeting].kind].size
        most = min(size.maximum, self._largest_room) if self._market.on_site[meeting] else size.maximum
        return Seats(size.minimum, min(size.co_facilitator_above, most), most)

    def upkeep(self, meeting: int) -> float:
        """Return what a meeting costs with one practitioner."""
        return self._instance.weights.group * float(self._offers.slots[meeting])

    def left(self, meeting: int, prices: Prices) -> int:
        """Return how many more a meeting may have."""
        seats, members = self.seats(meeting), len(self.members[meeting])
        has_help = meeting in self.helpers or self.helper(meeting, prices) is not None
        return (seats.maximum if has_help else seats.alone) - members

    def helper(self, meeting: int, prices: Prices) -> int | None:
        """Return who could co-facilitate a meeting for the least."""
        when, hours = self._market.window(meeting), self._market.hours
        slots, day = when.stop - when.start, when.start // SLOTS_A_DAY
        able = self._offers.assistants[meeting] & (self._market.capacity[:, when].min(axis=1) > 0)
        able &= np.minimum(hours.day[:, day], hours.week) >= slots
        able[self.leads[meeting]] = False
        return int(np.where(able, prices.staff[:, when].sum(axis=1), np.inf).argmin()) if able.any() else None

    def barred(self, meeting: int) -> list[int]:
        """Return who may not meet somebody who is to come to a meeting."""
        return [enemy for member in self.members[meeting] for enemy in self._enemies[member]]

    def fits(self, week: Week, prices: Prices) -> bool:
        """Say whether all that a week needs is left."""
        hours, market = self._market.hours, self._market
        for meeting in week.meetings:
            if self.left(meeting, prices) < 1 or week.patient in self.barred(meeting):
                return False
        work: Counter[tuple[int, int]] = Counter()
        for when, who, place in self._claims(week):
            if who is not None:
                work[who, when.start // SLOTS_A_DAY] += when.stop - when.start
                if market.capacity[who, when].min() < 1:
                    return False
            if place is not None and market.stock[place][when].min() < 1:
                return False
        return all(
            slots <= hours.day[who, day]
            and sum(more for (other, _), more in work.items() if other == who) <= hours.week[who]
            for (who, day), slots in work.items()
        )

    def take(self, week: Week, prices: Prices) -> None:
        """Book a week that fits; a meeting that becomes too large for its lead gets a co-facilitator."""
        for meeting in week.meetings:
            members = self.members[meeting]
            members.append(week.patient)
            if len(members) > self.seats(meeting).alone and meeting not in self.helpers:
                helper = self.helper(meeting, prices)
                if helper is not None:
                    self.helpers[meeting] = helper
                    self._work(helper, self._market.window(meeting), 1)
        for when, who, place in self._claims(week):
            if who is not None:
                self._work(who, when, 1)
            if place is not None:
                self._market.stock[place][when] -= 1

    def give_back(self, week: Week) -> None:
        """Take back that a week was taken."""
        for meeting in week.meetings:
            self.members[meeting].remove(week.patient)
            if meeting in self.helpers and len(self.members[meeting]) <= self.seats(meeting).alone:
                self._work(self.helpers.pop(meeting), self._market.window(meeting), -1)
        for when, who, place in self._claims(week):
            if who is not None:
                self._work(who, when, -1)
            if place is not None:
                self._market.stock[place][when] += 1

    def keep(self) -> _Book:
        """Return all that is taken now, to `restore`."""
        market = self._market
        return deepcopy(
            _Book(
                dict(self.members), self.helpers, market.capacity, market.stock, market.hours, self._shapes.team_starts
            )
        )

    def restore(self, book: _Book) -> None:
        """Have taken again what was taken when that was kept."""
        market = self._market
        self.members = defaultdict(list, {meeting: list(members) for meeting, members in book.members.items()})
        self.helpers = dict(book.helpers)
        market.capacity[...] = book.capacity
        for name, stock in market.stock.items():
            stock[...] = book.stock[name]
        for name in ("day", "week", "share"):
            getattr(market.hours, name)[...] = getattr(book.hours, name)
        self._shapes.team_starts[...] = book.team_starts

    def _claims(self, week: Week) -> Iterator[_Claim]:
        for visit in week.visits:
            first = visit.day * SLOTS_A_DAY + visit.slot
            slots = self._instance.visit_slots(self._instance.patients[week.patient], visit.service)
            has_place = visit.service in (MEDICATION, NURSE_VISIT) or visit.modality == ON_SITE
            who = None if visit.practitioner is None else self._number[visit.practitioner]
            yield _Claim(slice(first, first + slots), who, visit.service if has_place else None)

    def _work(self, who: int, when: slice, sign: int) -> None:
        """Have a practitioner work in these slots, or with -1 no longer."""
        hours, slots = self._market.hours, sign * (when.stop - when.start)
        self._market.capacity[who, when] -= sign
        hours.day[who, when.start // SLOTS_A_DAY] -= slots
        hours.week[who] -= slots
        hours.share[who] = max(0, self._share[who] - (self._week[who] - hours.week[who]))
        self._offer(who)

    def _offer(self, who: int) -> None:
        """Let the kernels know where a practitioner is free for visits, and has the hours for them."""
        free, hours, shapes = self._market.capacity[who].reshape(DAYS, SLOTS_A_DAY), self._market.hours, self._shapes
        busy = np.concatenate([np.zeros((DAYS, 1)), (free < 1).cumsum(axis=1)], axis=1)
        rows = self._rows[who]
        for slots in np.unique(shapes.team[rows, LENGTH]).tolist():
            is_free = np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
            is_free[:, : SLOTS_A_DAY - slots + 1] = busy[:, slots:] == busy[:, : SLOTS_A_DAY - slots + 1]
            is_free[np.minimum(hours.day[who], hours.week[who]) < slots] = False
            same = rows[shapes.team[rows, LENGTH] == slots]
            shapes.team_starts[same] = self._starts[same] & is_free


def enemies(instance: Instance) -> dict[int, set[int]]:
    """Return whom each patient may not meet, by their numbers."""
    number = {patient.id: index for index, patient in enumerate(instance.patients)}
    found: dict[int, set[int]] = defaultdict(set)
    for one, other in instance.no_contact:
        found[number[one]].add(number[other])
        found[number[other]].add(number[one])
    return found
