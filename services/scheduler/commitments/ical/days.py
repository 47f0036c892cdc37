"""The days a rule names within a month or a year (RFC 5545 3.3.10), as day ordinals."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date

from services.scheduler.commitments.ical.recurrence import RecurrenceRule


def weekday_of(day: int) -> int:
    """Return the weekday of a day, Monday being 0; the first day of the scale was one."""
    return (day - 1) % 7


def month_span(year: int, month: int) -> range:
    """Return the days of a month."""
    first = date(year, month, 1).toordinal()
    return range(first, first + monthrange(year, month)[1])


def year_span(year: int) -> range:
    """Return the days of a year."""
    return range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)


def week_year(day: int, week_start: int) -> int:
    """Return the year whose numbered weeks hold a day, for weeks starting on a weekday."""
    year = date.fromordinal(day).year
    if day < _first_week(year, week_start):
        return year - 1
    if day >= _first_week(year + 1, week_start):
        return year + 1
    return year


def is_allowed(rule: RecurrenceRule, day: int) -> bool:
    """Say whether no part of the rule that limits days rules the day out."""
    if rule.weekdays and weekday_of(day) not in rule.weekdays:
        return False
    if not (rule.by_month or rule.by_month_day or rule.by_year_day):
        return True
    moment = date.fromordinal(day)
    if rule.by_month and moment.month not in rule.by_month:
        return False
    if rule.by_month_day:
        span = month_span(moment.year, moment.month)
        if not _is_named(day, span, rule.by_month_day):
            return False
    return not rule.by_year_day or _is_named(day, year_span(moment.year), rule.by_year_day)


def days_of_month(rule: RecurrenceRule, year: int, month: int, start: date) -> list[int]:
    """Return the days a monthly rule names in a month."""
    if rule.by_month and month not in rule.by_month:
        return []
    days = _within_month(rule, month_span(year, month), start)
    if rule.by_year_day:
        days = {day for day in days if is_allowed(rule, day)}
    return sorted(days)


def days_of_year(rule: RecurrenceRule, year: int, start: date) -> list[int]:
    """Return the days a yearly rule names in a year, or in its numbered weeks."""
    if rule.by_week_number:
        return sorted(_within_weeks(rule, year, start))
    if rule.by_year_day:
        named = _pick(year_span(year), rule.by_year_day)
        return sorted(day for day in named if is_allowed(rule, day))
    if rule.by_day and not rule.by_month:
        named = _nth_weekdays(year_span(year), rule.by_day)
        return sorted(day for day in named if is_allowed(rule, day))
    # A part the rule leaves out comes from the start: BYMONTHDAY alone means the start's month.
    days: set[int] = set()
    for month in rule.by_month or (start.month,):
        days |= _within_month(rule, month_span(year, month), start)
    return sorted(days)


def _within_month(rule: RecurrenceRule, span: range, start: date) -> set[int]:
    if not rule.by_month_day and rule.by_day:
        return _nth_weekdays(span, rule.by_day)
    days = set(_pick(span, rule.by_month_day or (start.day,)))
    return days & _nth_weekdays(span, rule.by_day) if rule.by_day else days


def _within_weeks(rule: RecurrenceRule, year: int, start: date) -> set[int]:
    weeks = range(_first_week(year, rule.week_start), _first_week(year + 1, rule.week_start), 7)
    days = {week + n for week in _pick(weeks, rule.by_week_number) for n in range(7)}
    if not (rule.by_day or rule.by_month_day or rule.by_year_day):
        days = {day for day in days if weekday_of(day) == start.weekday()}
    return {day for day in days if is_allowed(rule, day)}


def _first_week(year: int, week_start: int) -> int:
    """Return the first day of week 1, the first with four days in the year."""
    fourth = date(year, 1, 4).toordinal()
    return fourth - (weekday_of(fourth) - week_start) % 7


def _pick(span: Sequence[int], numbers: Iterable[int]) -> Iterable[int]:
    """Return the members a list of numbers names, counted from 1 or, if negative, from the end."""
    size = len(span)
    return (span[n - 1 if n > 0 else n] for n in numbers if abs(n) <= size)


def _nth_weekdays(span: range, by_day: Iterable[tuple[int, int]]) -> set[int]:
    days: set[int] = set()
    for ordinal, weekday in by_day:
        every = range(span.start + (weekday - weekday_of(span.start)) % 7, span.stop, 7)
        days.update(_pick(every, (ordinal,)) if ordinal else every)
    return days


def _is_named(day: int, span: range, numbers: tuple[int, ...]) -> bool:
    return day - span.start + 1 in numbers or day - span.stop in numbers
