"""The cheapest weeks of one patient, by dynamic programming over days, and the next ones in order.

A **way** is one frame of one day with one set of visits, or the day left as it is; what it meets of the patient's
needs is its **step**. Weeks are told apart by their frames: the groups attended and the days one comes. The best weeks
in order are found by fixing the frames of the days before one and forbidding the frame of that day (E. L. Lawler,
A procedure for computing the K best solutions, Management Science 18, 1972).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise, product
from math import gcd
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import DAYS, NURSE_VISIT, ON_SITE, Id
from services.scheduler.solver.interactive.frames import Frame, Frames
from services.scheduler.solver.interactive.options import Numbers, Options, Seat, VisitStarts
from services.scheduler.solver.interactive.ranking import NEVER
from services.scheduler.solver.interactive.schedule import POSSIBLE, Code, Schedule

Step = tuple[int, ...]
_LEFT_AS_IT_IS = -1


class Way(NamedTuple):
    """One way to spend a day; `frame` is -1 where the day is left as it is."""

    frame: int
    code: Code
    cost: int
    step: int


class Choice(NamedTuple):
    """A day of a planned week."""

    frame: Frame | None
    code: Code
    row: int


@dataclass(frozen=True, slots=True)
class PlannedWeek:
    """A week by its choices, one a day, with its rank without what cannot be met anyway."""

    number: int
    days: tuple[Choice, ...]


class _Counters:
    """What a week counts: slots of each service still needed, hours of watched people, days until the next nurse.

    A state is one position in the product of all counters.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._units = self._service_units()
        self.services = list(self._units)
        self.watched = list(dict.fromkeys(v.watched for v in options.visits if v.watched is not None))
        self._hours = {
            person: gcd(*(v.slots for v in options.visits if v.watched == person)) for person in self.watched
        }
        self._levels = [options.missing[service] // unit for service, unit in self._units.items()]
        self._visits = [self._most_hours(person) for person in self.watched]
        self._rest = max(1, options.week.instance.limits.nurse_days_apart)
        sizes = [level + 1 for level in (*self._levels, *self._visits)]
        self.shape = (*sizes, self._rest)
        self.states = np.array(list(np.ndindex(*self.shape)), np.int64).reshape(-1, len(self.shape))
        self.first = int(np.ravel_multi_index((*self._levels, *(0 for _ in self.watched), 0), self.shape))

    def _service_units(self) -> dict[str, int]:
        """The greatest length that divides all sessions of a service."""
        units: dict[str, int] = {}
        for seat in self._options.seats:
            service = seat.meeting.kind.service
            units[service] = gcd(units.get(service, 0), seat.meeting.slots)
        for starts in self._options.visits:
            units[starts.service] = starts.slots
        return units

    def _most_hours(self, person: Id) -> int:
        """The most that could be taken of a watched practitioner, in units of the lengths seen there."""
        services = {starts.service for starts in self._options.visits if starts.watched == person}
        return sum(self._options.missing[service] for service in services) // self._hours[person]

    def step(self, seats: Sequence[Seat], visits: Sequence[VisitStarts]) -> Step:
        """Count the sessions of one day; the last number says whether a nurse is among them."""
        met = dict.fromkeys(self.services, 0)
        for seat in seats:
            met[seat.meeting.kind.service] += seat.meeting.slots // self._units[seat.meeting.kind.service]
        taken = dict.fromkeys(self.watched, 0)
        for starts in visits:
            met[starts.service] += starts.slots // self._units[starts.service]
            if starts.watched is not None:
                taken[starts.watched] += starts.slots // self._hours[starts.watched]
        return (*met.values(), *taken.values(), int(met.get(NURSE_VISIT, 0) > 0))

    def after(self, steps: Sequence[Step]) -> npt.NDArray[np.int64]:
        """Return the state after each step by [step, state]; one past the last where it is not allowed."""
        services, watched = len(self.services), len(self.watched)
        moves = np.array(steps, np.int64).reshape(-1, services + watched + 1)[:, None, :]
        new = np.repeat(self.states[None], len(steps), axis=0)
        new[..., :services] -= moves[..., :services]
        new[..., services : services + watched] += moves[..., services:-1]
        rest, nursed = self.states[:, -1], moves[..., -1] > 0
        new[..., -1] = np.where(nursed, self._rest - 1, np.maximum(0, rest - 1))
        most = np.array(self.shape, np.int64)
        allowed = ((new >= 0) & (new < most)).all(axis=2) & ~(nursed & (rest > 0))
        flat = np.zeros(allowed.shape, np.int64)
        for axis, size in enumerate(self.shape):
            flat = flat * size + new[..., axis]
        return np.where(allowed, flat, len(self.states))

    def closing(self) -> Numbers:
        """Cost of each state at the end of the week: hours of watched practitioners."""
        options = self._options
        total = np.zeros(len(self.states), np.int64)
        percent = options.week.instance.weights.busy_percent
        for column, person in enumerate(self.watched, start=len(self.services)):
            unit = self._hours[person]
            cost = [
                options.watched[person].cost(taken * unit, options.ranking, percent)
                for taken in range(self.shape[column])
            ]
            total += np.array(cost, np.int64)[self.states[:, column]]
        return np.minimum(total, NEVER)


class BestWeeks:
    """Plans the weeks of one patient, cheapest first."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._frames_of = Frames(options)
        self.frames = self._frames_of.all()
        self._schedule = Schedule(options, self.frames)
        self._counters = _Counters(options)
        self._steps: dict[Step, int] = {}
        self._ways = self._list_ways()
        self._after = self._counters.after(list(self._steps))
        self._best = self._look_back()

    def _list_ways(self) -> list[list[Way]]:
        days: list[list[Way]] = [[] for _ in range(DAYS)]
        none = (0,) * len(self._schedule.axes)
        nothing = self._step_of((), ())
        for day in range(DAYS):
            days[day].append(Way(_LEFT_AS_IT_IS, none, self._cost_as_it_is(day), nothing))
        done, codes = self._schedule.done, self._schedule.codes()
        values = done.reshape(len(codes), len(self.frames))
        for number, code in enumerate(codes):
            visits = self._schedule.chosen(code)
            for row in np.flatnonzero(values[number] < POSSIBLE).tolist():
                frame = self.frames[row]
                if (frame.seats or any(code)) and self._is_short_enough(frame, visits):
                    cost = int(values[number, row]) + self._trip(frame.modality) + sum(s.cost for s in frame.seats)
                    days[frame.day].append(Way(row, code, cost, self._step_of(frame.seats, visits)))
        return days

    def _step_of(self, seats: Sequence[Seat], visits: Sequence[VisitStarts]) -> int:
        step = self._counters.step(seats, visits)
        return self._steps.setdefault(step, len(self._steps))

    def _trip(self, modality: str) -> int:
        weights = self.options.week.instance.weights
        trip = weights.trip_on_site if modality == ON_SITE else weights.trip_telehealth
        return self.options.ranking.comfort * trip

    def _cost_as_it_is(self, day: int) -> int:
        own = sorted(self._frames_of.own(day), key=lambda session: session.slot)
        if not own:
            return 0
        gap = self.options.week.instance.limits.gap_slots
        idle = sum(later.slot - earlier.end - gap for earlier, later in pairwise(own))
        return self._trip(own[0].modality) + self.options.ranking.idle * idle

    def _is_short_enough(self, frame: Frame, visits: Sequence[VisitStarts]) -> bool:
        """Keep the day's maxima: the patient's, and those of who is seen twice."""
        instance, week = self.options.week.instance, self.options.week
        total = sum(end - start for start, end in frame.spans) + sum(starts.slots for starts in visits)
        if total > instance.max_slots_day(self.options.patient):
            return False
        for person in self.options.watched:
            slots = sum(starts.slots for starts in visits if starts.watched == person)
            most = week.practitioners[person].max_slots_day
            if slots and week.work[person].on(frame.day) + slots > most:
                return False
        return True

    def _look_back(self) -> list[Numbers]:
        """Cost of the rest of the week from each day on, by state; one more for what is not allowed."""
        best = [np.append(self._counters.closing(), NEVER)]
        for day in reversed(range(DAYS)):
            costs = np.full(len(self._steps), NEVER, np.int64)
            for way in self._ways[day]:
                costs[way.step] = min(costs[way.step], way.cost)
            used = np.flatnonzero(costs < POSSIBLE)
            total = (best[-1][self._after[used]] + costs[used, None]).min(axis=0)
            best.append(np.append(np.where(total < POSSIBLE, total, NEVER), NEVER))
        return best[::-1]

    def in_order(self) -> Iterator[PlannedWeek]:
        """Yield weeks that differ in a frame, each at its cheapest, the best one first."""
        queue: list[tuple[int, int, _Branch, tuple[Way, ...]]] = []
        count = 0
        for branch in (_Branch((), frozenset()),):
            count = self._push(queue, branch, count)
        while queue:
            number, _, branch, ways = heappop(queue)
            yield PlannedWeek(number, tuple(self._choice(way) for way in ways))
            for day in range(len(branch.fixed), DAYS):
                fixed = tuple(way.frame for way in ways[:day])
                forbidden = branch.forbidden if day == len(branch.fixed) else frozenset[int]()
                count = self._push(queue, _Branch(fixed, forbidden | {ways[day].frame}), count)

    def _push(self, queue: "list[tuple[int, int, _Branch, tuple[Way, ...]]]", branch: "_Branch", count: int) -> int:
        found = self._cheapest(branch)
        if found is not None:
            heappush(queue, (found[0], count, branch, found[1]))
        return count + 1

    def _cheapest(self, branch: "_Branch") -> tuple[int, tuple[Way, ...]] | None:
        """Find the cheapest week with these frames on the first days and another one on the next."""
        start: dict[int, tuple[int, tuple[Way, ...]]] = {self._counters.first: (0, ())}
        for day, frame in enumerate(branch.fixed):
            ways = [way for way in self._ways[day] if way.frame == frame]
            start = self._forward(start, ways)
        day = len(branch.fixed)
        free = [way for way in self._ways[day] if way.frame not in branch.forbidden]
        best: tuple[int, int, Way] | None = None
        cheapest = _cheapest_by_step(free)
        for state, (cost, _) in start.items():
            for way in cheapest:
                total = cost + way.cost + int(self._best[day + 1][self._after[way.step, state]])
                if total < POSSIBLE and (best is None or total < best[0]):
                    best = (total, state, way)
        if best is None:
            return None
        total, state, way = best
        return total, (*start[state][1], way, *self._suffix(day + 1, int(self._after[way.step, state])))

    def _forward(
        self, start: dict[int, tuple[int, tuple[Way, ...]]], ways: Sequence[Way]
    ) -> dict[int, tuple[int, tuple[Way, ...]]]:
        after: dict[int, tuple[int, tuple[Way, ...]]] = {}
        for (state, (cost, before)), way in product(start.items(), ways):
            new = int(self._after[way.step, state])
            if new < len(self._counters.states) and (new not in after or cost + way.cost < after[new][0]):
                after[new] = (cost + way.cost, (*before, way))
        return after

    def _suffix(self, day: int, state: int) -> list[Way]:
        """Follow the cheapest ways to the end of the week."""
        ways: list[Way] = []
        for today in range(day, DAYS):
            best = self._best[today + 1]
            way = min(
                _cheapest_by_step(self._ways[today]),
                key=lambda way: way.cost + int(best[self._after[way.step, state]]),
            )
            ways.append(way)
            state = int(self._after[way.step, state])
        return ways

    def _choice(self, way: Way) -> Choice:
        frame = None if way.frame == _LEFT_AS_IT_IS else self.frames[way.frame]
        return Choice(frame, way.code, way.frame)


@dataclass(frozen=True, slots=True)
class _Branch:
    """Weeks with these frames on the first days, and none of the forbidden ones on the day after."""

    fixed: tuple[int, ...]
    forbidden: frozenset[int]


def _cheapest_by_step(ways: Sequence[Way]) -> list[Way]:
    best: dict[int, Way] = {}
    for way in ways:
        if way.step not in best or way.cost < best[way.step].cost:
            best[way.step] = way
    return list(best.values())
