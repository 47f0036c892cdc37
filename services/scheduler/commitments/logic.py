"""What is allowed with commitments, and how a calendar becomes busy time."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import BodyTooLargeError, InvalidRequestError, NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import CommitmentSourceId, OrganizationId, PatientId
from services.contracts.scheduler.commitments import CalendarWarning, Commitment, CommitmentSource
from services.contracts.scheduler.sites import Site
from services.scheduler.commitments import storage
from services.scheduler.commitments.ical import CalendarReading, CalendarRefusedError, Limits, read_calendar
from services.scheduler.commitments.rules import horizon
from services.scheduler.commitments.storage import Interval
from services.scheduler.errors import CalendarUnreadableError
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id

LARGEST_CALENDAR: Final = 5 * 1024 * 1024
_READ_AT_ONCE: Final = 2


class CalendarReaders:
    """Reads calendars beside the event loop, few at once: it is work for the processor, not waiting."""

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


class CommitmentsReader:
    """Reads commitments."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page_of_sources(self, patient_id: PatientId, page: PageRequest) -> Page[CommitmentSource]:
        """Return a page of a patient's sources; of a person who is nobody's patient it is empty."""
        return page.page(await storage.page_of_sources(self._read, patient_id, page))

    async def page(self, patient_id: PatientId, start: datetime, end: datetime, page: PageRequest) -> Page[Commitment]:
        """Return a page of what meets [start, end).

        Raises:
            InvalidRequestError: The time ends before it starts.
        """
        if end <= start:
            raise InvalidRequestError("end", "must be after start", location="query")
        return page.page(await storage.page_of_commitments(self._read, patient_id, start, end, page))

    async def of_patients(
        self, patients: Iterable[PatientId], start: datetime, end: datetime
    ) -> dict[PatientId, list[Interval]]:
        """Return what meets [start, end) for each of the patients that has any."""
        return await storage.of_patients(self._read, patients, start, end)


class CommitmentsLogic:
    """Imports and forgets calendars."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        sites: SitesReader,
        records: RecordsClient,
        readers: CalendarReaders,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._records = records
        self._readers = readers
        self._clock = clock

    async def import_calendar(
        self, patient_id: PatientId, document: bytes, caller_token: str
    ) -> tuple[CommitmentSource, bool]:
        """Keep when a calendar says the patient is busy; says whether the document is new.

        The same document again is the same source, read anew for the days that are ahead by now.

        Raises:
            BodyTooLargeError: The document has more than 5 MiB.
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            CalendarUnreadableError: The document is refused as a whole.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        if len(document) > LARGEST_CALENDAR:
            raise BodyTooLargeError(LARGEST_CALENDAR)
        site = await self._site_of(patient_id, caller_token)
        reading = await self._readers.read(document, ZoneInfo(site.zone), self._clock)
        now = self._clock.now()
        source = _source_of(reading, CommitmentSourceId(fresh_id(now)), patient_id, now)
        source_id, is_new = await storage.keep_source(self._db, self._organization_id, source)
        busy = [(interval.start, interval.end) for interval in reading.busy]
        await storage.replace_commitments(
            self._db, self._organization_id, patient_id=patient_id, source_id=source_id, busy=busy, now=now
        )
        return source.model_copy(update={"id": source_id}), is_new

    async def _site_of(self, patient_id: PatientId, caller_token: str) -> Site:
        try:
            presence = await self._records.patient_presence(caller_token, patient_id)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        return await self._sites.get(presence.site_id)

    async def delete_source(self, patient_id: PatientId, source_id: CommitmentSourceId) -> None:
        """Forget a source and its busy time.

        Raises:
            NotFoundError: The patient has no such source.
        """
        if not await storage.delete_source(self._db, patient_id, source_id):
            raise NotFoundError


def _source_of(
    reading: CalendarReading, source_id: CommitmentSourceId, patient_id: PatientId, now: datetime
) -> CommitmentSource:
    return CommitmentSource(
        id=source_id,
        patient_id=patient_id,
        version=reading.version,
        events_read=reading.events_read,
        busy_intervals=len(reading.busy),
        warnings=[
            CalendarWarning(code=warning.code.value, line=warning.line or None, message=warning.message)
            for warning in reading.warnings
        ],
        imported_at=now,
    )
