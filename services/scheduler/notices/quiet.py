"""When nobody is written to, and what that does to a message. Pure.

Hours are wall time of the site's zone: 47 CFR 64.1200(c)(1) speaks of 8 a.m. to 9 p.m. local time at the called
party's location, and an organization's default is that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAY: Final = timedelta(days=1)
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=2)
MOST_ATTEMPTS: Final = 8
"""Attempts to hand one message over before a person has to look, some five hours after the first."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a time of the day until the next time that the clock shows `until`."""

    start: time
    until: time

    def covers(self, at: time) -> bool:
        """Say whether a time of the day is quiet."""
        if self.start <= self.until:
            return self.start <= at < self.until
        return at >= self.start or at < self.until


def speaks_from(now: datetime, hours: Sequence[QuietHours], zone: ZoneInfo) -> datetime | None:
    """Return the first instant from `now` on that is quiet by none; None where there is none within two days."""
    at = now
    for _ in range(2 * len(hours) + 2):
        quiet = next((one for one in hours if one.covers(at.astimezone(zone).time())), None)
        if quiet is None:
            return at
        at = _next(quiet.until, at, zone)
    return None


def _next(wall: time, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant after another at which the clock shows a time, or has just passed over it.

    A clock set back shows it twice: the first time counts if it is still to come, else the second.
    """
    day = after.astimezone(zone).date()
    readings = (
        datetime.combine(day + days * _DAY, wall, zone).replace(fold=fold) for days in (0, 1) for fold in (0, 1)
    )
    instants = (reading.astimezone(after.tzinfo) for reading in readings)
    return min(instant for instant in instants if instant > after)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts that failed: half a minute, then four times as long each."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * int(4 ** (attempts - 1)))
