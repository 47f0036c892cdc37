"""Who is busy when in the busiest week of a folder of calendars."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from services.operator.errors import OperatorError
from services.scheduler.commitments.ical import BusyInterval, CalendarRefusedError, read_calendar
from services.scheduler.solver.instance import SLOT_MINUTES, SLOTS_A_DAY, Interval

Commitments = tuple[Interval, ...]

_DAY_START: Final = time(7)
_WEEK: Final = timedelta(days=7)
_BEFORE: Final = timedelta(weeks=26)
_HORIZON: Final = timedelta(weeks=78)
_LARGEST: Final = 5 * 1024 * 1024
_ZONE: Final = re.compile(rb"^(?:X-WR-TIMEZONE:|DTSTART;TZID=)([^:;\r\n]+)", re.MULTILINE)
_START: Final = re.compile(rb"BEGIN:VEVENT.*?^DTSTART[^:\r\n]*:(\d{8})", re.MULTILINE | re.DOTALL)


class NoPeopleError(OperatorError):
    """The folder has no calendar with an event in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no .ics file that can be read and has an event.")


@dataclass(frozen=True, slots=True)
class TeachingWeek:
    """The busiest week, its zone, and the commitments of each person in it; refused files are left out."""

    monday: date
    zone: str
    people: tuple[Commitments, ...]
    refused: int


def busiest_week(folder: Path) -> TeachingWeek:
    """Read every calendar of a folder and find the week with the most busy hours.

    The zone is the one most files name. Weeks are looked for in the year and a half around the
    median start of an event; of two equally busy weeks the earlier one counts.

    Raises:
        NoPeopleError: No file can be read, or none has an event.
    """
    documents = [_content(path) for path in sorted(folder.glob("*.ics"))]
    starts = sorted(start for document in documents for start in _starts(document))
    if not starts:
        raise NoPeopleError(folder)
    zone = ZoneInfo(_most_named(documents))
    first = _monday_of(starts[len(starts) // 2] - _BEFORE)
    everybody, refused = [], 0
    for document in documents:
        try:
            reading = read_calendar(document, zone=zone, start=first, end=first + _HORIZON)
        except CalendarRefusedError:
            refused += 1
            continue
        everybody.append(list(_pieces(reading.busy, zone)))
    load: Counter[date] = Counter()
    for pieces in everybody:
        for start, end in pieces:
            load[_monday_of(start.date())] += (end - start) // timedelta(minutes=1)
    if not load:
        raise NoPeopleError(folder)
    monday = min(load, key=lambda week: (-load[week], week))
    people = tuple(tuple(_commitments(pieces, monday)) for pieces in everybody)
    return TeachingWeek(monday, zone.key, people, refused)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST)


def _starts(document: bytes) -> Iterator[date]:
    for digits in _START.findall(document):
        try:
            yield date.fromisoformat(digits.decode())
        except ValueError:
            continue


def _most_named(documents: Iterable[bytes]) -> str:
    named = Counter(name.decode(errors="replace") for document in documents for name in _ZONE.findall(document))
    known = available_timezones()
    return next((name for name, _ in named.most_common() if name in known), "UTC")


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _pieces(busy: Iterable[BusyInterval], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Cut busy time at midnight into naive wall times of the zone."""
    for interval in busy:
        start = interval.start.astimezone(zone).replace(tzinfo=None)
        end = interval.end.astimezone(zone).replace(tzinfo=None)
        while start < end:
            midnight = datetime.combine(start.date() + timedelta(days=1), time())
            yield start, min(end, midnight)
            start = midnight


def _commitments(pieces: Sequence[tuple[datetime, datetime]], monday: date) -> Iterator[Interval]:
    """Round outward to slots; what lies outside the solver's day cannot meet a session."""
    for start, end in pieces:
        if not timedelta(0) <= start.date() - monday < _WEEK:
            continue
        opening = datetime.combine(start.date(), _DAY_START)
        slot = timedelta(minutes=SLOT_MINUTES)
        first, last = (start - opening) // slot, -((opening - end) // slot)
        if first < SLOTS_A_DAY and last > 0:
            yield Interval(start.weekday(), max(0, first), min(SLOTS_A_DAY, last))
