"""What a calendar tells: when the person is busy."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.scheduler.commitments.ical.warnings import CalendarWarning


class BusyInterval(NamedTuple):
    """A half-open time in which the person is taken.

    Attributes:
        start: Aware, in UTC.
        end: Aware, in UTC; after `start`.
        tentative: Whether only tentative events fill it.
        line: Line of the document where the first event that fills it begins.
    """

    start: datetime
    end: datetime
    tentative: bool
    line: int


@dataclass(frozen=True, slots=True)
class CalendarReading:
    """What one document says about a horizon.

    Attributes:
        busy: Disjoint intervals in order, clipped to the horizon.
        occurrences: Events, repetitions, and times an availability leaves out that fill them, before merging.
        events_read: Events and free/busy periods with a readable start, and availabilities.
        series: How many of the events repeat.
        warnings: What a person should look at, in the order of the document.
        version: SHA-256 of the document, in hexadecimal.
        zone_version: Release of the time zone database the zones came from.
    """

    busy: tuple[BusyInterval, ...]
    occurrences: int
    events_read: int
    series: int
    warnings: tuple[CalendarWarning, ...]
    version: str
    zone_version: str
