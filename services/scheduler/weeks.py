"""The grid of one dated week in one zone: wall time on one side, instants on the other.

The solver knows slots of 15 minutes from 07:00 to 22:00 wall time and no zone. Here each edge between two slots is
resolved to an instant once, so that a week with a change of the clocks is right without any arithmetic on offsets.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.contracts.scheduler.horizon import PartOfWeek
from services.contracts.vocabulary import WeeklyWindow

SLOT: Final = timedelta(minutes=15)
SLOT_MINUTES: Final = 15
SLOTS_A_DAY: Final = 60
DAYS: Final = 7
DAY_START: Final = time(7)
_DAY_START_MINUTES: Final = 7 * 60
_NOON: Final = time(12)
_EVENING: Final = time(17)
_SATURDAY: Final = 5


class SlotInterval(NamedTuple):
    """Half-open interval of slots within one day; day 0 is Monday, slot 0 begins at 07:00."""

    day: int
    start: int
    end: int


def part_of(start: datetime) -> PartOfWeek:
    """Return the part of the week in which an instant lies; it carries the site's offset."""
    if start.weekday() >= _SATURDAY:
        return PartOfWeek.WEEKEND
    wall = start.time()
    if wall < _NOON:
        return PartOfWeek.MORNING
    return PartOfWeek.AFTERNOON if wall < _EVENING else PartOfWeek.EVENING


@lru_cache(maxsize=1024)
def _edges_of(zone: ZoneInfo, day: date) -> tuple[datetime, ...]:
    first = datetime.combine(day, DAY_START)
    walls = (first + SLOT * number for number in range(SLOTS_A_DAY + 1))
    instants = (wall.replace(tzinfo=zone).astimezone(UTC) for wall in walls)
    # Where wall time that does not exist is resolved, an edge may fall behind the one before it.
    return tuple(accumulate(instants, max))


class WeekGrid:
    """The edges of a week's slots as instants."""

    def __init__(self, zone: ZoneInfo, monday: date) -> None:
        self.zone = zone
        self.monday = monday
        self._edges = tuple(_edges_of(zone, monday + timedelta(days=day)) for day in range(DAYS))
        self._firsts = [edges[0] for edges in self._edges]
        self._lasts = [edges[-1] for edges in self._edges]

    @property
    def start(self) -> datetime:
        """The first edge of the week, in UTC."""
        return self._edges[0][0]

    @property
    def end(self) -> datetime:
        """The last edge of the week, in UTC."""
        return self._edges[-1][-1]

    def span(self, day: int, slot: int, slots: int) -> tuple[datetime, datetime]:
        """Return the instants between which a session lies, with the zone's offset."""
        edges = self._edges[day]
        return edges[slot].astimezone(self.zone), edges[slot + slots].astimezone(self.zone)

    def local(self, instant: datetime) -> datetime:
        """Return an instant with the zone's offset."""
        return instant.astimezone(self.zone)

    def begins(self, now: datetime) -> int:
        """Count the slots of the week, all days in one row, that have begun by an instant."""
        return sum(bisect_right(edges[:SLOTS_A_DAY], now) for edges in self._edges)

    def place(self, instant: datetime) -> tuple[int, int] | None:
        """Return the day and slot that begin at an instant, or None where none does."""
        for day, edges in enumerate(self._edges):
            slot = bisect_left(edges, instant)
            if slot < SLOTS_A_DAY and edges[slot] == instant:
                return day, slot
        return None

    def busy(self, intervals: Iterable[tuple[datetime, datetime]], *, travel_slots: int = 0) -> list[SlotInterval]:
        """Return the slots that meet any of the intervals, merged and in order.

        A commitment outside the day that is nearer to it than the travel takes its first or last slot: the solver
        adds travel around what it is given, and would else not know of it.
        """
        margin = SLOT * travel_slots
        found = (
            SlotInterval(day, *slots)
            for start, end in intervals
            for day in range(bisect_right(self._lasts, start - margin), bisect_left(self._firsts, end + margin))
            if (slots := _slots_met(self._edges[day], start, end, margin)) is not None
        )
        return merged(found)


def _slots_met(
    edges: tuple[datetime, ...], start: datetime, end: datetime, margin: timedelta
) -> tuple[int, int] | None:
    if end + margin <= edges[0] or edges[-1] + margin <= start:
        return None
    if end <= edges[0]:
        return (0, 1)
    if edges[-1] <= start:
        return (SLOTS_A_DAY - 1, SLOTS_A_DAY)
    return max(0, bisect_right(edges, start) - 1), bisect_left(edges, end) if end < edges[-1] else SLOTS_A_DAY


def merged(intervals: Iterable[SlotInterval]) -> list[SlotInterval]:
    """Join intervals that overlap or touch."""
    joined: list[SlotInterval] = []
    for interval in sorted(intervals):
        last = joined[-1] if joined else None
        if last is not None and last.day == interval.day and interval.start <= last.end:
            joined[-1] = last._replace(end=max(last.end, interval.end))
        else:
            joined.append(interval)
    return joined


def window_slots(windows: Iterable[WeeklyWindow]) -> list[SlotInterval]:
    """Return the slots of weekly windows, clipped to the day; they lie on quarters of an hour already."""
    clipped = (
        SlotInterval(window.weekday.number, max(0, _slot_of(window.start)), min(SLOTS_A_DAY, _slot_of(window.end)))
        for window in windows
    )
    return merged(interval for interval in clipped if interval.start < interval.end)


def _slot_of(wall: time) -> int:
    return (wall.hour * 60 + wall.minute - _DAY_START_MINUTES) // SLOT_MINUTES
