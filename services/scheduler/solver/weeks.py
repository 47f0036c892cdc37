"""The best week of each patient alone under given prices, by dynamic programming over days.

The state is how much of each service is delivered, and whether a nurse was seen the day before.
"""

from typing import NamedTuple

import numpy as np

from services.scheduler.solver.batches import Batch, Option, Pattern
from services.scheduler.solver.days import Costs, DayTable, Integers
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import DAYS, MODALITIES, NURSE_VISIT, Instance


class PlannedSession(NamedTuple):
    """One session of a patient's planned week; `modality` is a position in MODALITIES."""

    option: Option
    modality: int
    day: int
    slot: int


class WeekPlanner:
    """Plans the weeks of one batch.

    `static` is [patient of the batch, option, modality, day, slot]: the cost of a session before
    prices, infinite where it is impossible.
    """

    def __init__(self, instance: Instance, batch: Batch, static: Costs) -> None:
        self.batch = batch
        self.static = static
        self.patterns = batch.patterns()
        self._instance = instance
        codes = [service.code for service in batch.services]
        spaced = NURSE_VISIT in codes and instance.limits.nurse_days_apart > 1
        self.nurse_axis = codes.index(NURSE_VISIT) if spaced else None
        rows = np.argwhere(np.isfinite(static).any(axis=(1, 4)))
        self.rows: Integers = rows[np.lexsort((rows[:, 0], rows[:, 1], rows[:, 2]))]
        weights = instance.weights
        self._trips = np.array([weights.trip_on_site, weights.trip_telehealth], static.dtype)
        self._too_long = self._long_days()
        self.final = self._unmet_costs()
        self.steps = [batch.steps(pattern) for pattern in self.patterns]

    def _long_days(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        slots = [sum(option.slots for option in self.batch.chosen(pattern) if option) for pattern in self.patterns]
        instance = self._instance
        most = [instance.max_slots_day(instance.patients[p]) for p in self.batch.patients]
        return np.array(slots)[:, None] > np.array(most)[None, :]

    def _unmet_costs(self) -> Costs:
        """What each level of delivery leaves to pay: [levels..., patient]."""
        services, price = self.batch.services, self._instance.weights.unmet
        shape = (*(service.levels for service in services), len(self.batch.patients))
        final = np.zeros(shape, self.static.dtype)
        for column, index in enumerate(self.batch.patients):
            needs = self._instance.patients[index].needs
            planned = {service.code for service in services}
            final[..., column] += price * sum(need for code, need in needs.items() if code not in planned)
            for axis, service in enumerate(services):
                left = needs[service.code] - service.unit * np.arange(service.levels)
                view = [-1 if other == axis else 1 for other in range(len(services))]
                final[..., column] += np.where(left >= 0, price * left, np.inf).reshape(view)
        return final

    def solve(self, costs: Costs) -> "WeekTable":
        """Plan every patient's week; `costs` is `static` plus prices, in the same shape."""
        rows = self.rows
        by_row = costs[rows[:, 0], :, rows[:, 1], rows[:, 2]]
        prices = np.ascontiguousarray(by_row.transpose(2, 1, 0))
        weights, limits = self._instance.weights, self._instance.limits
        days = DayTable(self.batch, prices, gap=limits.gap_slots, idle=weights.idle, longest_wait=limits.idle_slots)
        return WeekTable(self, days)

    def daily(self, days: DayTable) -> tuple[Costs, Integers]:
        """Return the cost [pattern, day, patient] of a day, and the modality that reaches it."""
        shape = (len(self.patterns), len(MODALITIES), DAYS, len(self.batch.patients))
        by_modality = np.full(shape, np.inf, self.static.dtype)
        patient, modality, day = self.rows.T
        done = days.done.reshape(len(self.patterns), -1)
        by_modality[:, modality, day, patient] = done + self._trips[modality]
        by_modality.transpose(0, 3, 1, 2)[self._too_long] = np.inf
        by_modality[0] = 0
        return by_modality.min(axis=1), by_modality.argmin(axis=1)


class WeekTable:
    """The values of one batch under one price list."""

    def __init__(self, planner: WeekPlanner, days: DayTable) -> None:
        self._planner = planner
        self._days = days
        self._daily, self._modality = planner.daily(days)
        self._possible: Mask = np.asarray(np.isfinite(self._daily).any(axis=2))
        self._after = self._fill()
        last = self._after[DAYS]
        totals = last.min(axis=-2) if planner.nurse_axis is not None else last
        self._totals = (totals + planner.final).reshape(-1, len(planner.batch.patients))
        self.values: Costs = self._totals.min(axis=0)

    def _fill(self) -> list[Costs]:
        planner = self._planner
        levels = tuple(service.levels for service in planner.batch.services)
        spaced = planner.nurse_axis is not None
        rest = (2,) if spaced else ()
        shape = (*levels, *rest, len(planner.batch.patients))
        first = np.full(shape, np.inf, self._daily.dtype)
        first[(0,) * (len(levels) + len(rest))] = 0
        after = [first]
        for day in range(DAYS):
            after.append(self._next_day(after[-1], day))
        return after

    def _next_day(self, before: Costs, day: int) -> Costs:
        planner = self._planner
        after = np.full_like(before, np.inf)
        rested = before.min(axis=-2) if planner.nurse_axis is not None else before
        for number in np.flatnonzero(self._possible[:, day]).tolist():
            source, target = self._shift(planner.steps[number])
            cost = self._daily[number, day]
            if planner.nurse_axis is None:
                view, old = after[target], before[source]
            elif planner.patterns[number][planner.nurse_axis]:
                view, old = after[target][..., 1, :], before[source][..., 0, :]
            else:
                view, old = after[target][..., 0, :], rested[source]
            np.minimum(view, old + cost, out=view)
        return after

    def _shift(self, steps: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        levels = [service.levels for service in self._planner.batch.services]
        source = tuple(slice(0, max(0, n - step)) for n, step in zip(levels, steps, strict=True))
        target = tuple(slice(min(n, step), n) for n, step in zip(levels, steps, strict=True))
        return source, target

    def plan(self, column: int) -> list[PlannedSession]:
        """Recover the sessions of the best week of the patient at this column."""
        planner = self._planner
        levels = tuple(service.levels for service in planner.batch.services)
        flat = int(self._totals[:, column].argmin())
        position = tuple(int(level) for level in np.unravel_index(flat, levels)) if levels else ()
        rest: int | None = None
        if planner.nurse_axis is not None:
            rest = int(self._after[DAYS][position][:, column].argmin())
        sessions: list[PlannedSession] = []
        for day in reversed(range(DAYS)):
            number, rest = self._step_back(day, position, rest, column)
            position = tuple(level - step for level, step in zip(position, planner.steps[number], strict=True))
            sessions += self._sessions(number, day, column)
        return sessions

    def _step_back(self, day: int, position: tuple[int, ...], rest: int | None, column: int) -> tuple[int, int | None]:
        """Find the pattern that led here, and whether a nurse was seen the day before it."""
        planner = self._planner
        best, found = np.inf, (0, rest)
        for number in np.flatnonzero(np.isfinite(self._daily[:, day, column])).tolist():
            earlier = tuple(level - step for level, step in zip(position, planner.steps[number], strict=True))
            nursed = planner.nurse_axis is not None and planner.patterns[number][planner.nurse_axis]
            if min(earlier, default=0) < 0 or (rest is not None and bool(nursed) != bool(rest)):
                continue
            cost = self._daily[number, day, column]
            for choice in (None,) if rest is None else (0,) if nursed else (0, 1):
                place = earlier if choice is None else (*earlier, choice)
                value = self._after[day][(*place, column)] + cost
                if value < best:
                    best, found = value, (number, choice)
        return found

    def _sessions(self, number: int, day: int, column: int) -> list[PlannedSession]:
        planner = self._planner
        pattern: Pattern = planner.patterns[number]
        if not any(pattern):
            return []
        modality = int(self._modality[number, day, column])
        row = int(np.flatnonzero((planner.rows == (column, modality, day)).all(axis=1))[0])
        return [
            PlannedSession(session.option, modality, day, session.slot) for session in self._days.sessions(pattern, row)
        ]
