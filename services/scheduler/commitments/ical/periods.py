"""The periods of a recurrence rule, each as days and times of day (RFC 5545 3.3.10)."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from services.scheduler.commitments.ical.days import (
    days_of_month,
    days_of_year,
    is_allowed,
    week_year,
    weekday_of,
)
from services.scheduler.commitments.ical.limits import Budget
from services.scheduler.commitments.ical.recurrence import Frequency, RecurrenceRule
from services.scheduler.commitments.ical.values import DAY, HOUR

SECONDS = {
    Frequency.SECONDLY: 1,
    Frequency.MINUTELY: 60,
    Frequency.HOURLY: HOUR,
    Frequency.DAILY: DAY,
    Frequency.WEEKLY: 7 * DAY,
}
_FIRST_YEAR, _LAST_YEAR = 1, 9_998
_HOURS, _SIXTY = range(24), range(60)


class Block(NamedTuple):
    """The candidates of one period: each of its times on each of its days, in order.

    For rules that repeat within the day a block is the day, whatever the period.
    """

    days: Sequence[int]
    times: Sequence[int]


def anchor_of(rule: RecurrenceRule, start: int) -> int:
    """Return the beginning of the unit of up to a week that holds the start, as wall time."""
    if rule.frequency is Frequency.WEEKLY:
        day = start // DAY
        return (day - (weekday_of(day) - rule.week_start) % 7) * DAY
    return start - start % SECONDS[rule.frequency]


def times_of(rule: RecurrenceRule, start: int, budget: Budget) -> list[int]:
    """Return the times of a period's days or, below a day, the seconds within the period."""
    time = start % DAY
    hours: Sequence[int] = (0,)
    minutes: Sequence[int] = (0,)
    seconds: Sequence[int] = (0,)
    if rule.frequency >= Frequency.DAILY:
        hours = rule.by_hour or (time // HOUR,)
    if rule.frequency >= Frequency.HOURLY:
        minutes = rule.by_minute or (time // 60 % 60,)
    if rule.frequency >= Frequency.MINUTELY:
        seconds = rule.by_second or (time % 60,)
    return _product(hours, minutes, seconds, budget)


def week_days_of(rule: RecurrenceRule, start: int) -> list[int]:
    """Return the days of a weekly rule, counted from the first day of its week."""
    weekdays = rule.weekdays or {weekday_of(start // DAY)}
    return sorted((weekday - rule.week_start) % 7 for weekday in weekdays)


def choose(size: int, positions: Sequence[int]) -> Sequence[int]:
    """Return the members of a period's set that BYSETPOS keeps, counted from 0."""
    if not positions:
        return range(size)
    return sorted({n - 1 if n > 0 else size + n for n in positions if abs(n) <= size})


def blocks(rule: RecurrenceRule, start: int, first: int, last: int, budget: Budget) -> Iterator[Block]:
    """Yield the periods that may hold occurrences from `first` to `last`, in order.

    Raises:
        RecurrenceBombError: If the budget does not reach.
    """
    if rule.frequency < Frequency.DAILY:
        clock = _Clock(rule, start, budget)
        for day in range(first // DAY, last // DAY + 1):
            yield Block((day,), clock.times(day) if is_allowed(rule, day) else ())
    else:
        times = times_of(rule, start, budget)
        for days in _days(rule, start, first // DAY, last // DAY):
            yield Block(days, times)


def _days(rule: RecurrenceRule, start: int, first: int, last: int) -> Iterator[list[int]]:
    """Yield the days of each period that may hold days from `first` to `last`."""
    begin = date.fromordinal(start // DAY)
    if rule.frequency is Frequency.DAILY:
        for day in _steps(start // DAY, first, last, rule.interval):
            yield [day] if is_allowed(rule, day) else []
    elif rule.frequency is Frequency.WEEKLY:
        week_days = week_days_of(rule, start)
        anchor = anchor_of(rule, start) // DAY
        for week in _steps(anchor, first, last, 7 * rule.interval):
            yield [week + day for day in week_days if is_allowed(rule, week + day)]
    elif rule.frequency is Frequency.MONTHLY:
        for month in _steps(_month(start // DAY), _month(first), _month(last), rule.interval):
            yield days_of_month(rule, month // 12, month % 12 + 1, begin)
    else:
        for year in _years(rule, start // DAY, first, last):
            yield days_of_year(rule, year, begin)


def _steps(anchor: int, first: int, last: int, step: int) -> range:
    """Return the periods from the one that holds `first` to the one that holds `last`."""
    return range(anchor + (first - anchor) // step * step, last + 1, step)


def _month(day: int) -> int:
    moment = date.fromordinal(day)
    return moment.year * 12 + moment.month - 1


def _years(rule: RecurrenceRule, start: int, first: int, last: int) -> range:
    anchor, low, high = (date.fromordinal(day).year for day in (start, first, last))
    if rule.by_week_number:
        # Numbered weeks reach into the years beside theirs. The interval counts from the year
        # of the start's own week, unless that year has no occurrence left from the start on.
        own = max(week_year(start, rule.week_start), _FIRST_YEAR)
        named = days_of_year(rule, own, date.fromordinal(start))
        anchor = own if named and named[-1] >= start else anchor
        low, high = max(low - 1, anchor), min(high + 1, _LAST_YEAR)
    return _steps(anchor, low, high, rule.interval)


def _product(hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int], budget: Budget) -> list[int]:
    budget.spend(len(hours) * len(minutes) * len(seconds))
    return [h * HOUR + m * 60 + s for h in hours for m in minutes for s in seconds]


class _Clock:
    """The times of day of a rule that repeats within the day.

    They depend on the day only by where the interval has got to at midnight, so each such phase
    is worked out once.
    """

    def __init__(self, rule: RecurrenceRule, start: int, budget: Budget) -> None:
        self._anchor = anchor_of(rule, start)
        self._step = rule.interval * SECONDS[rule.frequency]
        self._budget = budget
        within = times_of(rule, start, budget)
        self._within = [within[n] for n in choose(len(within), rule.by_set_position)]
        self._periods = self._limited(rule)
        self._by_phase: dict[int, list[int]] = {}

    def times(self, day: int) -> list[int]:
        """Return the times on a day, in order."""
        phase = (self._anchor - day * DAY) % self._step
        if phase not in self._by_phase:
            periods = self._reached(phase)
            self._budget.spend(len(periods) * len(self._within))
            self._by_phase[phase] = [base + n for base in periods for n in self._within]
        return self._by_phase[phase]

    def _limited(self, rule: RecurrenceRule) -> list[int] | None:
        """Return the periods of a day that BYHOUR, BYMINUTE and BYSECOND leave, if they limit."""
        minutes = rule.by_minute if rule.frequency < Frequency.HOURLY else ()
        seconds = rule.by_second if rule.frequency < Frequency.MINUTELY else ()
        if not (rule.by_hour or minutes or seconds):
            return None
        return _product(
            rule.by_hour or _HOURS,
            minutes or (_SIXTY if rule.frequency < Frequency.HOURLY else (0,)),
            seconds or (_SIXTY if rule.frequency < Frequency.MINUTELY else (0,)),
            self._budget,
        )

    def _reached(self, phase: int) -> Sequence[int]:
        reached = range(phase, DAY, self._step)
        if self._periods is None:
            return reached
        self._budget.spend(min(len(reached), len(self._periods)))
        if len(reached) < len(self._periods):
            return sorted(set(reached).intersection(self._periods))
        return [base for base in self._periods if base % self._step == phase]
