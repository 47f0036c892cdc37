"""A calendar as large as an honest one gets, made from a seed."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

WEEKS = 12
START = date(2026, 9, 14)
"""A Monday; the change of offset of 1 November 2026 lies within the twelve weeks."""
END = START + timedelta(weeks=WEEKS)
ZONE = "America/New_York"

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA")
_MOVED_EVERY = 3
_SLOT_MINUTES = 5
_SLOTS_A_DAY = 24 * 60 // _SLOT_MINUTES
_LENGTH = timedelta(minutes=4)
_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Eventide//bench//EN", "CALSCALE:GREGORIAN")
_STAMP = "DTSTAMP:20260901T120000Z"
_VTIMEZONE = (
    *("BEGIN:VTIMEZONE", f"TZID:{ZONE}"),
    *("BEGIN:DAYLIGHT", "DTSTART:20070311T020000", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400"),
    *("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "END:DAYLIGHT"),
    *("BEGIN:STANDARD", "DTSTART:20071104T020000", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500"),
    *("RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "END:STANDARD", "END:VTIMEZONE"),
)


class _Series(NamedTuple):
    number: int
    days: list[int]
    at: time

    def on(self, week: int) -> datetime:
        """Return its first occurrence of a week, as wall time."""
        return datetime.combine(START + timedelta(weeks=week, days=self.days[0]), self.at)


def weekly_series(series: int, seed: int) -> bytes:
    """Return an iCalendar document of weekly series, at most 576, on one to three days of the week.

    Each series has one excluded date, and every third one a moved occurrence. No two occurrences
    meet or touch, so the busy intervals show every one of them. The same seed gives the same bytes.
    """
    chance = random.Random(seed)  # noqa: S311 - a document to measure with
    lines = [*_HEAD, *_VTIMEZONE]
    for number in range(series):
        lines += _series_lines(number, chance)
    return "\r\n".join((*lines, "END:VCALENDAR", "")).encode()


def _series_lines(number: int, chance: random.Random) -> Iterator[str]:
    # Two series share a time of day: one in the first half of the week and one in the second.
    half, slot = divmod(number, _SLOTS_A_DAY)
    days = sorted(chance.sample(range(3 * half, 3 * half + 3), chance.randint(1, 3)))
    series = _Series(number, days, time(*divmod(slot * _SLOT_MINUTES, 60)))
    excluded, moved = chance.sample(range(WEEKS), 2)
    named = ",".join(_DAYS[day] for day in days)
    yield from _event(series, series.on(0), f"RRULE:FREQ=WEEKLY;BYDAY={named};UNTIL=20270101T045959Z")
    yield f"EXDATE;TZID={ZONE}:{_written(series.on(excluded))}"
    yield "END:VEVENT"
    if number % _MOVED_EVERY == 0:
        # Sundays are free, and none of these is in the small hours, when the clocks change.
        sunday = START + timedelta(weeks=moved, days=6)
        start = datetime.combine(sunday, time(6)) + timedelta(minutes=number // _MOVED_EVERY * _SLOT_MINUTES)
        yield from _event(series, start, f"RECURRENCE-ID;TZID={ZONE}:{_written(series.on(moved))}")
        yield "END:VEVENT"


def _event(series: _Series, start: datetime, line: str) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:series-{series.number}@example.org", _STAMP)
    yield from (f"SUMMARY:Course {series.number}", f"LOCATION:Room {series.number % 40}", "STATUS:CONFIRMED")
    yield from (f"DTSTART;TZID={ZONE}:{_written(start)}", f"DTEND;TZID={ZONE}:{_written(start + _LENGTH)}", line)


def _written(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}"
