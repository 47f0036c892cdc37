"""Reading calendars beside the event loop: it is work for the processor, not waiting."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.contracts.identifiers import CommitmentSourceId, PatientId
from services.contracts.scheduler.commitments import CalendarWarning, CommitmentSource, SourceKind, SourceStatus
from services.scheduler.commitments.ical import CalendarReading, CalendarRefusedError, Limits, read_calendar
from services.scheduler.commitments.rules import horizon
from services.scheduler.errors import CalendarUnreadableError

LARGEST_CALENDAR: Final = 5 * 1024 * 1024
"""Bytes of one document."""
_READ_AT_ONCE: Final = 2


class CalendarReaders:
    """Reads calendars, few at once."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_READ_AT_ONCE)

    async def read(self, document: bytes, zone: ZoneInfo, clock: Clock) -> CalendarReading:
        """Read a document for the horizon that is kept.

        Raises:
            CalendarUnreadableError: It is refused as a whole.
        """
        start, end = horizon(clock.today(zone))
        limits = Limits(document_bytes=LARGEST_CALENDAR)
        try:
            async with self._places:
                return await asyncio.to_thread(read_calendar, document, zone=zone, start=start, end=end, limits=limits)
        except CalendarRefusedError as refusal:
            raise CalendarUnreadableError(refusal.code, refusal.sentence, refusal.line) from None


def new_source(
    kind: SourceKind, source_id: CommitmentSourceId, patient_id: PatientId, reading: CalendarReading, now: datetime
) -> CommitmentSource:
    """Make the source of a first reading."""
    return CommitmentSource(
        id=source_id,
        patient_id=patient_id,
        kind=kind,
        status=SourceStatus.ACTIVE,
        revision=1,
        version=reading.version,
        events_read=reading.events_read,
        busy_intervals=len(reading.busy),
        warnings=warnings_of(reading),
        imported_at=now,
        polling=None,
    )


def without_lines(reading: CalendarReading) -> CalendarReading:
    """Return a reading of what has no lines that a person could look up, for it was put together from parts."""
    return replace(
        reading,
        busy=tuple(busy._replace(line=0) for busy in reading.busy),
        warnings=tuple(replace(warning, line=0) for warning in reading.warnings),
    )


def warnings_of(reading: CalendarReading) -> list[CalendarWarning]:
    """Return what a person should look at, as it travels."""
    return [
        CalendarWarning(code=warning.code.value, line=warning.line or None, message=warning.message)
        for warning in reading.warnings
    ]


def unread_source(kind: SourceKind, source_id: CommitmentSourceId, patient_id: PatientId) -> CommitmentSource:
    """Make the source of a calendar that is not read yet."""
    return CommitmentSource(
        id=source_id,
        patient_id=patient_id,
        kind=kind,
        status=SourceStatus.ACTIVE,
        revision=1,
        version=None,
        events_read=0,
        busy_intervals=0,
        warnings=[],
        imported_at=None,
        polling=None,
    )
