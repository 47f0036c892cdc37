"""What is true of commitments: which days are kept, what an entry means, what meets what."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.scheduler.commitments import CollidingAppointment, CollisionCode, CommitmentEntry, DayWindow
from services.contracts.vocabulary import Modality
from services.scheduler.commitments.ical import BusyInterval, CalendarReading
from services.scheduler.commitments.ical.zonebook import ZONE_VERSION

KEPT_BEFORE: Final = timedelta(days=7)
KEPT_AFTER: Final = timedelta(days=370)
"""A year, which is how far ahead a week may be planned, and the rest of its last week."""
_DAY: Final = timedelta(days=1)

Interval = tuple[datetime, datetime]


def horizon(today: date) -> tuple[date, date]:
    """Return the first day that an import keeps, and the day after the last."""
    return today - KEPT_BEFORE, today + KEPT_AFTER


def read_entry(entry: CommitmentEntry, zone: ZoneInfo, start: date, end: date) -> CalendarReading:
    """Read when a person is busy from midnight of `start` to midnight of `end`, wall time of the zone.

    Where a change of the clocks leaves a wall time out, or lets it come twice, a window starts at the earlier and
    ends at the later instant that it can mean, so that no busy minute is lost.
    """
    bounds = _instants(start, time(), zone)[0], _instants(end, time(), zone)[0]
    found = list(_clipped(_entered(entry, zone, start, end), bounds))
    return CalendarReading(
        busy=tuple(BusyInterval(*interval, tentative=False, line=0) for interval in _united(found)),
        occurrences=len(found),
        events_read=len(entry.weekly) + len(entry.exceptions),
        series=len(entry.weekly),
        warnings=(),
        version=hashlib.sha256(entry.model_dump_json().encode()).hexdigest(),
        zone_version=ZONE_VERSION,
    )


def _entered(entry: CommitmentEntry, zone: ZoneInfo, start: date, end: date) -> Iterator[Interval]:
    day = start - _DAY  # whose last window may reach over midnight
    while day < end:
        for window in _windows_of(entry, day):
            last = day if window.start < window.end else day + _DAY
            yield _instants(day, window.start, zone)[0], _instants(last, window.end, zone)[1]
        day += _DAY


def _windows_of(entry: CommitmentEntry, day: date) -> Iterable[DayWindow]:
    for exception in entry.exceptions:
        first, last = exception.days
        if first <= day <= last:
            return exception.windows
    if day < (entry.effective_from or day) or (entry.effective_until or day) < day:
        return ()
    return [window for window in entry.weekly if window.weekday.number == day.weekday()]


def _instants(day: date, wall: time, zone: ZoneInfo) -> Interval:
    """Return the earliest and the latest instant that a wall time can mean: around a change of the clocks it is two."""
    local = datetime.combine(day, wall, zone)
    either = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    return min(either), max(either)


def _clipped(found: Iterable[Interval], bounds: Interval) -> Iterator[Interval]:
    for interval in found:
        start, end = max(interval[0], bounds[0]), min(interval[1], bounds[1])
        if start < end:
            yield start, end


def _united(found: Iterable[Interval]) -> Iterator[Interval]:
    """Yield in order what is left when intervals that overlap or touch are joined."""
    joined: list[Interval] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return iter(joined)


def collisions(
    busy: Iterable[Interval], planned: Sequence[CollidingAppointment], way: timedelta
) -> Iterator[tuple[Interval, list[CollidingAppointment]]]:
    """Yield each busy time that is in the way of something planned, with that; both in order of time.

    Before and after a session on site the patient has a `way`, which the solver keeps free as well.
    """
    reaches = [(session, way if session.modality is Modality.ON_SITE else timedelta()) for session in planned]
    for start, end in busy:
        met = [
            session.model_copy(update={"code": _code_of(session, start, end)})
            for session, reach in reaches
            if session.start - reach < end and start < session.end + reach
        ]
        if met:
            yield (start, end), met


def _code_of(session: CollidingAppointment, start: datetime, end: datetime) -> CollisionCode:
    return CollisionCode.OVERLAP if session.start < end and start < session.end else CollisionCode.TRAVEL
