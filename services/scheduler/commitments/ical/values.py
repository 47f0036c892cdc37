"""Property values (RFC 5545 3.3) as plain integers.

A wall time is a count of seconds: the day's proleptic Gregorian ordinal times 86,400 plus the
second of the day. Instants are counted on the same scale in UTC.
"""

import re
from datetime import date
from enum import Enum
from typing import NamedTuple

HOUR = 3_600
DAY = 86_400

_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(Z)?)?", re.ASCII)
_DURATION = re.compile(
    r"([+-])?P(?=[\dT])(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])([0-5]\d)([0-5]\d)?", re.ASCII)


class UnreadableValueError(ValueError):
    """A value is not of its property's type."""


class Form(Enum):
    """How a time was written (RFC 5545 3.3.4 and 3.3.5)."""

    DATE = "date"
    LOCAL = "local"
    UTC = "utc"


class WrittenTime(NamedTuple):
    """A date or date-time as written: wall seconds, not yet in a zone."""

    wall: int
    form: Form


class Span(NamedTuple):
    """A length: nominal days, kept on the wall clock, then exact seconds (RFC 5545 3.3.6)."""

    days: int
    seconds: int


def parse_time(text: str) -> WrittenTime:
    """Read a DATE or DATE-TIME; a leap second counts as the second before it.

    Raises:
        UnreadableValueError: If the text is neither.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise UnreadableValueError
    year, month, day, hour, minute, second, utc = match.groups()
    try:
        wall = date(int(year), int(month), int(day)).toordinal() * DAY
    except ValueError:
        raise UnreadableValueError from None
    if hour is None:
        return WrittenTime(wall, Form.DATE)
    wall += int(hour) * HOUR + int(minute) * 60 + min(int(second), 59)
    return WrittenTime(wall, Form.UTC if utc else Form.LOCAL)


def parse_duration(text: str) -> Span:
    """Read a DURATION; weeks and days are nominal.

    Raises:
        UnreadableValueError: If the text is none, or is negative.
    """
    match = _DURATION.fullmatch(text)
    if match is None or match[1] == "-":
        raise UnreadableValueError
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    return Span(7 * weeks + days, HOUR * hours + 60 * minutes + seconds)


def parse_period(text: str) -> tuple[WrittenTime, WrittenTime | Span]:
    """Read a PERIOD: a start, and an end or a duration.

    Raises:
        UnreadableValueError: If the text is none.
    """
    start, _, end = text.partition("/")
    return parse_time(start), parse_duration(end) if "P" in end else parse_time(end)


def parse_offset(text: str) -> int:
    """Read a UTC-OFFSET, in seconds east of UTC.

    Raises:
        UnreadableValueError: If the text is none.
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise UnreadableValueError
    sign, hours, minutes, seconds = match.groups()
    offset = int(hours) * HOUR + int(minutes) * 60 + int(seconds or 0)
    return -offset if sign == "-" else offset
