"""Recurrence rules (RFC 5545 3.3.10) as data."""

import re
from dataclasses import dataclass, replace
from enum import IntEnum

from services.scheduler.commitments.ical.errors import RecurrenceBombError
from services.scheduler.commitments.ical.limits import Limits
from services.scheduler.commitments.ical.values import (
    UnreadableValueError,
    WrittenTime,
    parse_time,
)

_NUMBER = re.compile(r"[+-]?\d{1,3}", re.ASCII)
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_AMOUNT = re.compile(r"\d{1,18}", re.ASCII)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NTH_LIMIT = 53


class UnsupportedRuleError(UnreadableValueError):
    """A rule counts in another scale than the Gregorian, or moves dates that do not exist (RFC 7529)."""


class Frequency(IntEnum):
    """The period a rule repeats in, from the shortest to the longest."""

    SECONDLY = 0
    MINUTELY = 1
    HOURLY = 2
    DAILY = 3
    WEEKLY = 4
    MONTHLY = 5
    YEARLY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """One rule; lists are sorted and without repetition, empty where the part is absent.

    Attributes:
        by_day: Pairs of an ordinal, 0 for every, and a weekday, Monday being 0.
        weekdays: The weekdays of `by_day`.
        week_start: WKST, Monday being 0.
    """

    frequency: Frequency
    interval: int
    count: int | None
    until: WrittenTime | None
    week_start: int
    by_second: tuple[int, ...]
    by_minute: tuple[int, ...]
    by_hour: tuple[int, ...]
    by_day: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    by_month_day: tuple[int, ...]
    by_year_day: tuple[int, ...]
    by_week_number: tuple[int, ...]
    by_month: tuple[int, ...]
    by_set_position: tuple[int, ...]

    def without_times(self) -> "RecurrenceRule":
        """Return the rule without the parts that name a time of day."""
        return replace(self, by_hour=(), by_minute=(), by_second=())


def parse_rule(text: str, limits: Limits) -> RecurrenceRule:
    """Read the value of an RRULE or EXRULE.

    Empty parts, such as the trailing semicolon Google once wrote, and unknown parts are passed
    over. BYSECOND=60 counts as 59.

    Raises:
        UnreadableValueError: If the rule is none of RFC 5545.
        UnsupportedRuleError: If it is one of RFC 7529 that means something else.
        RecurrenceBombError: If no honest series is so long or repeats so often.
    """
    if len(text) > limits.rule_characters:
        raise RecurrenceBombError
    parts = _split(text)
    until = parts.get("UNTIL")
    by_day = _by_day(parts.get("BYDAY", ""))
    rule = RecurrenceRule(
        frequency=_frequency(parts.get("FREQ", "")),
        interval=_interval(parts.get("INTERVAL", "1")),
        count=_count(parts["COUNT"], limits) if "COUNT" in parts else None,
        until=None if until is None else parse_time(until),
        week_start=_week_start(parts.get("WKST", "MO")),
        by_second=tuple(sorted({min(n, 59) for n in _numbers(parts, "BYSECOND", 0, 60)})),
        by_minute=_numbers(parts, "BYMINUTE", 0, 59),
        by_hour=_numbers(parts, "BYHOUR", 0, 23),
        by_day=by_day,
        weekdays=frozenset(weekday for _, weekday in by_day),
        by_month_day=_numbers(parts, "BYMONTHDAY", -31, 31),
        by_year_day=_numbers(parts, "BYYEARDAY", -366, 366),
        by_week_number=_numbers(parts, "BYWEEKNO", -53, 53),
        by_month=_numbers(parts, "BYMONTH", 1, 12),
        by_set_position=_numbers(parts, "BYSETPOS", -366, 366),
    )
    if rule.frequency is Frequency.DAILY and rule.interval == 1 and not rule.by_set_position:
        # On some weekdays of every day is on some weekdays of every week, which costs less.
        return replace(rule, frequency=Frequency.WEEKLY) if by_day else rule
    return rule


def _split(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, _, value = part.partition("=")
        if value.strip():
            parts[name.strip()] = value.strip()
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.get("SKIP", "OMIT") != "OMIT":
        raise UnsupportedRuleError
    return parts


def _frequency(text: str) -> Frequency:
    try:
        return Frequency[text]
    except KeyError:
        raise UnreadableValueError from None


def _amount(text: str) -> int:
    if _AMOUNT.fullmatch(text) is None:
        raise UnreadableValueError
    return int(text)


def _interval(text: str) -> int:
    interval = _amount(text)
    if interval == 0:
        raise RecurrenceBombError
    return interval


def _count(text: str, limits: Limits) -> int:
    count = _amount(text)
    if count == 0:
        raise UnreadableValueError
    if count > limits.count:
        raise RecurrenceBombError
    return count


def _week_start(text: str) -> int:
    if text not in _WEEKDAYS:
        raise UnreadableValueError
    return _WEEKDAYS.index(text)


def _numbers(parts: dict[str, str], name: str, low: int, high: int) -> tuple[int, ...]:
    """Read a list of numbers; where negative ones are allowed, zero is not."""
    if name not in parts:
        return ()
    items = [item.strip() for item in parts[name].split(",")]
    if not all(_NUMBER.fullmatch(item) for item in items):
        raise UnreadableValueError
    numbers = {int(item) for item in items}
    if min(numbers) < low or max(numbers) > high or (low < 0 and 0 in numbers):
        raise UnreadableValueError
    return tuple(sorted(numbers))


def _by_day(text: str) -> tuple[tuple[int, int], ...]:
    found: set[tuple[int, int]] = set()
    for item in text.split(",") if text else ():
        match = _WEEKDAY.fullmatch(item.strip())
        if match is None or match[1] in {"0", "00", "+0", "-0"}:
            raise UnreadableValueError
        ordinal = int(match[1] or 0)
        if abs(ordinal) > _NTH_LIMIT:
            raise UnreadableValueError
        found.add((ordinal, _WEEKDAYS.index(match[2])))
    return tuple(sorted(found))
