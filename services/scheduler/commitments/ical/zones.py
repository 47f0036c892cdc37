"""Time zones: from wall time to instant, by the letter of RFC 5545 3.3.5.

A wall time that a change of offset skips takes the offset from before the gap; one that occurs
twice is the first of the two.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.scheduler.commitments.ical.values import DAY

ORIGIN = datetime(1, 1, 1, tzinfo=UTC)
_FIRST, _LAST = 2 * DAY, date.max.toordinal() * DAY - 1
_UNKNOWN = 1 << 30


class Transition(NamedTuple):
    """A change of the offset from UTC at an instant, in seconds."""

    instant: int
    before: int
    after: int


class Zone:
    """Offsets from UTC by wall time, learnt a day at a time."""

    def __init__(self, offset_of: Callable[[int], int]) -> None:
        """Take what tells the offset at one wall time."""
        self._offset_of = offset_of
        self._days: dict[int, int | None] = {}

    def offset_at(self, wall: int) -> int:
        """Return the offset from UTC that holds at a wall time, in seconds."""
        day = wall // DAY
        offset = self._days.get(day, _UNKNOWN)
        if offset == _UNKNOWN:
            offset = self._days[day] = self._offset_of_day(day)
        return self._offset_of(wall) if offset is None else offset

    def instant_at(self, wall: int) -> int:
        """Return the instant of a wall time."""
        return wall - self.offset_at(wall)

    def wall_at(self, instant: int) -> int:
        """Return what the wall clock shows at an instant."""
        before = instant + self.offset_at(instant - DAY)
        after = instant + self.offset_at(instant + DAY)
        # In the second pass of a repeated hour neither leads back to the instant.
        if self.instant_at(after) != instant and self.instant_at(before) == instant:
            return before
        return after

    def _offset_of_day(self, day: int) -> int | None:
        """Return the offset of a whole day, None where it changes."""
        offset = self._offset_of(day * DAY)
        return offset if offset == self._offset_of((day + 1) * DAY - 1) else None


def named_zone(zone: ZoneInfo) -> Zone:
    """Return a zone of the IANA database."""
    origin = ORIGIN.replace(tzinfo=zone)

    def offset_of(wall: int) -> int:
        seconds = min(max(wall, _FIRST), _LAST) - DAY
        # Arithmetic within a zone is on the wall clock, and its fold is 0: RFC 5545's choice.
        offset = (origin + timedelta(seconds=seconds)).utcoffset() or timedelta()
        return offset // timedelta(seconds=1)

    return Zone(offset_of)


def fixed_zone(offset: int) -> Zone:
    """Return the zone that is always as many seconds east of UTC."""
    return Zone(lambda _: offset)


def defined_zone(transitions: Sequence[Transition]) -> Zone:
    """Return the zone that transitions in order define; there must be one."""
    # A gap ends, and a repeated hour ends for the first time, this much after the instant.
    changes = [instant + max(before, after) for instant, before, after in transitions]
    offsets = [transitions[0].before, *(change.after for change in transitions)]
    return Zone(lambda wall: offsets[bisect_right(changes, wall)])
