"""The best day of a patient for every set of sessions, by dynamic programming over time.

A **row** is one patient on one day in one modality. Waiting is priced, and between two sessions it is no longer
than a day's may be; that all of it together is not enforced, so no value is above the true one.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.batches import Batch, Option, Pattern
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import SLOTS_A_DAY

Costs = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]


class DaySession(NamedTuple):
    """A session of a day's plan."""

    option: Option
    slot: int


class DayTable:
    """Values of one batch under one price list; `prices` is [slot, option, row].

    `done` is [pattern..., row]: the cheapest way to have exactly these sessions, without the trip.
    """

    def __init__(self, batch: Batch, prices: Costs, *, gap: int, idle: int, longest_wait: int) -> None:
        self._batch = batch
        self._prices = prices
        self._gap = gap
        self._idle = idle
        self._longest_wait = longest_wait
        self._starts: Mask = np.asarray(np.isfinite(prices).any(axis=2))
        self.done = self._fill()

    def _fill(self) -> Costs:
        batch, dtype = self._batch, self._prices.dtype
        sets = tuple(len(service.options) + 1 for service in batch.services)
        shape = (*sets, self._prices.shape[2])
        longest = max((option.slots for option in batch.options), default=0)
        self._ready = np.full((SLOTS_A_DAY, *shape), np.inf, dtype)
        ended = np.full((SLOTS_A_DAY + longest + self._gap, *shape), np.inf, dtype)
        for slot in np.flatnonzero(self._starts.any(axis=1)).tolist():
            ready = self._ready[slot]
            ready[:] = ended[slot]
            for waited in range(1, min(slot, self._longest_wait) + 1):
                np.minimum(ready, ended[slot - waited] + self._idle * waited, out=ready)
            ready[(0,) * len(sets)] = 0
            self._start_sessions(slot, ended)
        done: Costs = ended.min(axis=0)
        done[(0,) * len(sets)] = 0
        return done

    def _start_sessions(self, slot: int, ended: Costs) -> None:
        ready = self._ready[slot]
        for axis, service in enumerate(self._batch.services):
            before = (slice(None),) * axis
            for choice, option in enumerate(service.options, start=1):
                if self._starts[slot, option]:
                    finish = slot + self._batch.options[option].slots + self._gap
                    target = ended[finish][(*before, choice)]
                    start = ready[(*before, 0)] + self._prices[slot, option]
                    np.minimum(target, start, out=target)

    def sessions(self, pattern: Pattern, row: int) -> list[DaySession]:
        """Recover the sessions behind one value of `done`, in order of time."""
        found: list[DaySession] = []
        slots = np.arange(SLOTS_A_DAY)
        until: int | None = None
        while any(pattern):
            best, choice = np.inf, (pattern, DaySession(self._batch.options[0], 0))
            for axis, option in enumerate(self._batch.chosen(pattern)):
                if option is None:
                    continue
                earlier = (*pattern[:axis], 0, *pattern[axis + 1 :])
                way = self._batch.options.index(option)
                values = self._ready[(slots, *earlier, row)] + self._prices[:, way, row]
                if until is not None:
                    left = until - (slots + option.slots + self._gap)
                    values = np.where((left >= 0) & (left <= self._longest_wait), values + self._idle * left, np.inf)
                start = int(values.argmin())
                if values[start] < best:
                    best, choice = values[start], (earlier, DaySession(option, start))
            pattern, session = choice
            until = session.slot
            found.append(session)
        return found[::-1]
