"""The cheapest day for every frame and every set of visits, by dynamic programming over the day's slots.

Costs are whole numbers, so what led to a value is found again by equality. All frames are one batch: the last axis
of every array. The axis before it counts idle slots, because a day allows only so many of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import MODALITIES, SLOTS_A_DAY
from services.scheduler.solver.interactive.frames import Frame
from services.scheduler.solver.interactive.options import Numbers, Options, VisitStarts
from services.scheduler.solver.interactive.ranking import NEVER

POSSIBLE = NEVER >> 1
"""Below it a number is a cost; above it something impossible went in, whatever was subtracted since."""

Code = tuple[int, ...]
"""For each visit service, 0 for no visit or which of its starts; it is also an index."""


class PlannedVisit(NamedTuple):
    """A visit of a day's plan."""

    starts: VisitStarts
    slot: int


class Schedule:
    """Values of a batch of frames, without the cost of trip and seats: `done` is [code..., frame].

    With `keep`, what is ready at each slot is kept, so that the visits behind a value can be found again.
    """

    def __init__(self, options: Options, frames: Sequence[Frame], *, keep: bool = False) -> None:
        limits = options.week.instance.limits
        self.gap, self._idle_most = limits.gap_slots, limits.idle_slots
        self.idle_price = options.ranking.idle
        self._frames = frames
        self.axes = [list(own) for _, own in groupby(options.visits, key=lambda starts: starts.service)]
        self._sets = tuple(len(axis) + 1 for axis in self.axes)
        self.spans = [frame.spans for frame in frames]
        self._beginning = self._sessions_by_start()
        self.prices = [[self._price(starts) for starts in axis] for axis in self.axes]
        self.kept: list[Numbers] | None = [] if keep else None
        self._ended: dict[int, Numbers] = {}
        self.done = self._fill()

    def codes(self) -> list[Code]:
        """List every set of visits."""
        return list(np.ndindex(*self._sets))

    def chosen(self, code: Code) -> list[VisitStarts]:
        """Name the visits of a code."""
        return [axis[choice - 1] for axis, choice in zip(self.axes, code, strict=True) if choice]

    def _sessions_by_start(self) -> dict[int, dict[int, list[int]]]:
        """Frames with a settled session, by its start and its end."""
        found: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row, spans in enumerate(self.spans):
            for start, end in spans:
                found[start][end].append(row)
        return found

    def _price(self, starts: VisitStarts) -> Numbers:
        """Cost of a visit by [slot, frame], NEVER beside what is settled."""
        modality = [MODALITIES.index(frame.modality) for frame in self._frames]
        day = [frame.day for frame in self._frames]
        price: Numbers = np.ascontiguousarray(starts.cost[modality, day].T)
        for row, (frame, spans) in enumerate(zip(self._frames, self.spans, strict=True)):
            for start, end in spans:
                price[max(0, start - self.gap - starts.slots + 1) : end, row] = NEVER
            if any(session.service == starts.service for session in frame.own):
                price[:, row] = NEVER
        return price

    def _fill(self) -> Numbers:
        rows = len(self._frames)
        shape = (*self._sets, self._idle_most + 1, rows)
        none = (0,) * len(self._sets)
        first = np.array([spans[0][0] if spans else SLOTS_A_DAY for spans in self.spans], np.int64)
        last = np.array([spans[-1][1] + self.gap if spans else 0 for spans in self.spans], np.int64)
        done = np.full((*self._sets, rows), NEVER, np.int64)
        waiting = np.full(shape, NEVER, np.int64)
        slot = 0
        while slot < SLOTS_A_DAY or self._ended:
            ready = np.full(shape, NEVER, np.int64)
            np.minimum(waiting[..., :-1, :] + self.idle_price, NEVER, out=ready[..., 1:, :])
            ended = self._ended.pop(slot, None)
            if ended is not None:
                np.minimum(done, np.where(last <= slot, ended.min(axis=-2), NEVER), out=done)
            if slot < SLOTS_A_DAY:
                ready[none][:, slot <= first] = NEVER
                ready[none][0, slot <= first] = 0
                if ended is not None:
                    np.minimum(ready, ended, out=ready)
                if self.kept is not None:
                    self.kept.append(ready.copy())
                self._begin(slot, ready)
            waiting = ready
            slot += 1
        return done

    def _begin(self, slot: int, ready: Numbers) -> None:
        shape = ready.shape
        for axis, (variants, prices) in enumerate(zip(self.axes, self.prices, strict=True)):
            before: tuple[Any, ...] = (slice(None),) * axis
            for choice, (starts, price) in enumerate(zip(variants, prices, strict=True), start=1):
                if (price[slot] < POSSIBLE).any():
                    target = self._ending(slot + starts.slots, shape)[(*before, choice)]
                    np.minimum(target, ready[(*before, 0)] + price[slot], out=target)
        for end, rows in self._beginning.get(slot, {}).items():
            target = self._ending(end, shape)
            target[..., rows] = np.minimum(target[..., rows], ready[..., rows])
        for rows in self._beginning.get(slot, {}).values():
            ready[..., rows] = NEVER

    def _ending(self, end: int, shape: tuple[int, ...]) -> Numbers:
        finish = end + self.gap
        if finish not in self._ended:
            self._ended[finish] = np.full(shape, NEVER, np.int64)
        return self._ended[finish]

    def visits(self, code: Code, row: int) -> list[PlannedVisit]:
        """Recover the visits behind one possible value of `done`; the schedule must have been kept."""
        return _Recovery(self, code, row).visits()


class _Recovery:
    """Walks back from the end of a day to its beginning."""

    def __init__(self, schedule: Schedule, code: Code, row: int) -> None:
        if schedule.kept is None:
            raise ValueError("the schedule was not kept")
        self.gap, self.idle_price = schedule.gap, schedule.idle_price
        self._axes = schedule.axes
        self._ready: npt.NDArray[np.int64] = np.array([ready[..., row] for ready in schedule.kept])
        self.prices = [[price[:, row] for price in prices] for prices in schedule.prices]
        self.spans = schedule.spans[row]
        self._code = code

    def visits(self) -> list[PlannedVisit]:
        found: list[PlannedVisit] = []
        slot, idle = self._last(found)
        while not self._is_arrival(slot, idle):
            slot, idle = self._back(slot, idle, found)
        return found[::-1]

    def _is_arrival(self, slot: int, idle: int) -> bool:
        return not any(self._code) and idle == 0 and all(slot <= start for start, _ in self.spans)

    def _last(self, found: list[PlannedVisit]) -> tuple[int, int]:
        """Find the last session: the one with which the cheapest way ends."""
        end = self.spans[-1][1] + self.gap if self.spans else 0
        ways: list[tuple[int, int, int, int, int]] = []
        if self.spans:
            start = self.spans[-1][0]
            values = self._ready[(start, *self._code)]
            ways.append((int(values.min()), start, int(values.argmin()), -1, 0))
        for axis, choice in enumerate(self._code):
            for slot in range(SLOTS_A_DAY) if choice else ():
                if slot + self._axes[axis][choice - 1].slots + self.gap >= end:
                    values = self._ready[(slot, *self._before(axis))]
                    cost = int(values.min()) + int(self.prices[axis][choice - 1][slot])
                    ways.append((cost, slot, int(values.argmin()), axis, choice))
        _, slot, idle, axis, choice = min(ways)
        self._take(axis, choice, slot, found)
        return slot, idle

    def _before(self, axis: int) -> Code:
        return (*self._code[:axis], 0, *self._code[axis + 1 :])

    def _take(self, axis: int, choice: int, slot: int, found: list[PlannedVisit]) -> None:
        if axis >= 0:
            found.append(PlannedVisit(self._axes[axis][choice - 1], slot))
            self._code = self._before(axis)

    def _back(self, slot: int, idle: int, found: list[PlannedVisit]) -> tuple[int, int]:
        value = int(self._ready[(slot, *self._code, idle)])
        for start, end in self.spans:
            if end + self.gap == slot and int(self._ready[(start, *self._code, idle)]) == value:
                return start, idle
        for axis, choice in enumerate(self._code):
            if not choice:
                continue
            start = slot - self.gap - self._axes[axis][choice - 1].slots
            if start >= 0:
                earlier = int(self._ready[(start, *self._before(axis), idle)])
                if earlier + int(self.prices[axis][choice - 1][start]) == value:
                    self._take(axis, choice, start, found)
                    return start, idle
        # Nothing ended here, so the patient has been waiting.
        return slot - 1, idle - 1
