"""What is allowed with commitments and their sources."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import BodyTooLargeError, InvalidRequestError, NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import CommitmentSourceId, OrganizationId, PatientId
from services.contracts.scheduler.commitments import (
    Commitment,
    CommitmentEntry,
    CommitmentPreview,
    CommitmentSource,
    ImportedSource,
    PreviewedInterval,
    SourceKind,
    SourceStatus,
)
from services.contracts.scheduler.sites import Site
from services.scheduler.commitments import storage
from services.scheduler.commitments.collisions import CollisionFinder
from services.scheduler.commitments.ical import CalendarReading
from services.scheduler.commitments.poll_rules import EVERY
from services.scheduler.commitments.polling import PollSchedule
from services.scheduler.commitments.readers import LARGEST_CALENDAR, CalendarReaders, new_source, warnings_of
from services.scheduler.commitments.rules import Interval, horizon, read_entry
from services.scheduler.errors import SourceMovedError
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id

_MOST_PREVIEWED = 1000


class CommitmentsReader:
    """Reads commitments and their sources."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page_of_sources(self, patient_id: PatientId, page: PageRequest) -> Page[CommitmentSource]:
        """Return a page of a patient's sources; of a person who is nobody's patient it is empty."""
        return page.page(await storage.page_of_sources(self._read, patient_id, page))

    async def source(self, patient_id: PatientId, source_id: CommitmentSourceId) -> CommitmentSource:
        """Return a source.

        Raises:
            NotFoundError: The patient has no such source.
        """
        source = await storage.find_source(self._read, patient_id, source_id)
        if source is None:
            raise NotFoundError
        return source

    async def entry(self, patient_id: PatientId, source_id: CommitmentSourceId) -> tuple[int, CommitmentEntry]:
        """Return the revision of a source and what was entered by hand.

        Raises:
            NotFoundError: The patient has no such source, or it was not entered by hand.
        """
        found = await storage.find_entry(self._read, patient_id, source_id)
        if found is None:
            raise NotFoundError
        return found

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


class CommitmentSites:
    """Knows the site whose wall clock a patient's commitments are told in."""

    def __init__(self, records: RecordsClient, sites: SitesReader) -> None:
        self._records = records
        self._sites = sites

    async def of(self, patient_id: PatientId, caller_token: str) -> Site:
        """Return the patient's site.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        try:
            presence = await self._records.patient_presence(caller_token, patient_id)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        return await self._sites.get(presence.site_id)


class CommitmentPreviews:
    """Tells what a source says, and keeps nothing of it."""

    def __init__(
        self, *, sites: CommitmentSites, collisions: CollisionFinder, readers: CalendarReaders, clock: Clock
    ) -> None:
        self._sites = sites
        self._collisions = collisions
        self._readers = readers
        self._clock = clock

    async def calendar(self, patient_id: PatientId, document: bytes, caller_token: str) -> CommitmentPreview:
        """Read a calendar.

        Raises:
            Whatever `CommitmentsLogic.import_calendar` raises, for the same reasons.
        """
        _refuse_more_than_largest(document)
        zone = ZoneInfo((await self._sites.of(patient_id, caller_token)).zone)
        reading = await self._readers.read(document, zone, self._clock)
        return await self.reading(patient_id, zone, reading, caller_token)

    async def entry(self, patient_id: PatientId, entry: CommitmentEntry, caller_token: str) -> CommitmentPreview:
        """Read what a person enters.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        zone = ZoneInfo((await self._sites.of(patient_id, caller_token)).zone)
        reading = read_entry(entry, zone, *horizon(self._clock.today(zone)))
        return await self.reading(patient_id, zone, reading, caller_token)

    async def reading(
        self, patient_id: PatientId, zone: ZoneInfo, reading: CalendarReading, caller_token: str
    ) -> CommitmentPreview:
        """Tell what was read, on the wall clock of the zone."""
        first, end = horizon(self._clock.today(zone))
        return CommitmentPreview(
            version=reading.version,
            zone=zone.key,
            first_day=first,
            last_day=end.fromordinal(end.toordinal() - 1),
            events_read=reading.events_read,
            series=reading.series,
            occurrences=reading.occurrences,
            busy_intervals=len(reading.busy),
            busy=[
                PreviewedInterval(
                    start=busy.start.astimezone(zone),
                    end=busy.end.astimezone(zone),
                    tentative=busy.tentative,
                    line=busy.line or None,
                )
                for busy in reading.busy[:_MOST_PREVIEWED]
            ],
            warnings=warnings_of(reading),
            collisions=await self._collisions.of(patient_id, _intervals(reading), caller_token),
        )


class CommitmentsLogic:
    """Reads, edits and forgets sources; a source's intervals are always replaced as a whole."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: CommitmentsReader,
        sites: CommitmentSites,
        collisions: CollisionFinder,
        readers: CalendarReaders,
        schedule: PollSchedule,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._schedule = schedule
        self._reader = reader
        self._sites = sites
        self._collisions = collisions
        self._readers = readers
        self._clock = clock

    async def import_calendar(
        self, patient_id: PatientId, document: bytes, caller_token: str
    ) -> tuple[ImportedSource, bool]:
        """Keep when a calendar says the patient is busy; says whether the document is new.

        The same document again is the same source, read anew for the days that are ahead by now.

        Raises:
            BodyTooLargeError: The document has more than 5 MiB.
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            CalendarUnreadableError: The document is refused as a whole.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        _refuse_more_than_largest(document)
        site = await self._sites.of(patient_id, caller_token)
        reading = await self._readers.read(document, ZoneInfo(site.zone), self._clock)
        source, is_new = await storage.keep_file(
            self._db, self._organization_id, self._new_source(SourceKind.FILE, patient_id, reading)
        )
        return await self._kept(source, reading, caller_token), is_new

    async def enter(self, patient_id: PatientId, entry: CommitmentEntry, caller_token: str) -> ImportedSource:
        """Keep when a person says that the patient is busy, in wall time of the patient's site.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        site = await self._sites.of(patient_id, caller_token)
        reading = self._read_entry(entry, site)
        source = self._new_source(SourceKind.MANUAL, patient_id, reading)
        await storage.insert_source(self._db, self._organization_id, source, entry)
        await self._schedule.begin(source.id, site.id, EVERY[source.kind])
        return await self._kept(await self._reader.source(patient_id, source.id), reading, caller_token)

    async def replace_entry(
        self,
        patient_id: PatientId,
        source_id: CommitmentSourceId,
        entry: CommitmentEntry,
        caller_token: str,
        *,
        expected_revision: int,
    ) -> ImportedSource:
        """Replace what was entered by hand.

        Raises:
            NotFoundError: The patient has no such source, or it was not entered by hand.
            SourceMovedError: Somebody else has changed it.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        site = await self._sites.of(patient_id, caller_token)
        reading = self._read_entry(entry, site)
        is_replaced = await storage.replace_entry(
            self._db, patient_id, source_id, entry, expected_revision=expected_revision
        )
        if not is_replaced:
            revision, _ = await self._reader.entry(patient_id, source_id)
            raise SourceMovedError(expected_revision, revision)
        read = new_source(SourceKind.MANUAL, source_id, patient_id, reading, self._clock.now())
        await storage.keep_reading(self._db, read)
        await self._schedule.read_at(source_id, site.id, EVERY[SourceKind.MANUAL])
        return await self._kept(await self._reader.source(patient_id, source_id), reading, caller_token)

    async def set_status(
        self, patient_id: PatientId, source_id: CommitmentSourceId, status: SourceStatus
    ) -> CommitmentSource:
        """Let a source count, or set it aside; asked again it changes nothing.

        Raises:
            NotFoundError: The patient has no such source.
        """
        before = await self._reader.source(patient_id, source_id)
        if before.status is status:
            return before
        await storage.set_status(self._db, patient_id, source_id, status)
        if status is SourceStatus.ACTIVE:
            await self._schedule.read_in(source_id)
        else:
            await self._schedule.stop(source_id)
        return await self._reader.source(patient_id, source_id)

    async def delete_source(self, patient_id: PatientId, source_id: CommitmentSourceId) -> None:
        """Forget a source and its busy time.

        Raises:
            NotFoundError: The patient has no such source.
        """
        if not await storage.delete_source(self._db, patient_id, source_id):
            raise NotFoundError

    def _read_entry(self, entry: CommitmentEntry, site: Site) -> CalendarReading:
        zone = ZoneInfo(site.zone)
        return read_entry(entry, zone, *horizon(self._clock.today(zone)))

    def _new_source(self, kind: SourceKind, patient_id: PatientId, reading: CalendarReading) -> CommitmentSource:
        now = self._clock.now()
        return new_source(kind, CommitmentSourceId(fresh_id(now)), patient_id, reading, now)

    async def _kept(self, source: CommitmentSource, reading: CalendarReading, caller_token: str) -> ImportedSource:
        busy = _intervals(reading)
        await storage.replace_commitments(
            self._db,
            self._organization_id,
            patient_id=source.patient_id,
            source_id=source.id,
            busy=busy,
            now=self._clock.now(),
        )
        counted = busy if source.status is SourceStatus.ACTIVE else []
        collisions = await self._collisions.of(source.patient_id, counted, caller_token)
        return ImportedSource(**source.model_dump(), collisions=collisions)


def _intervals(reading: CalendarReading) -> list[Interval]:
    return [(interval.start, interval.end) for interval in reading.busy]


def _refuse_more_than_largest(document: bytes) -> None:
    if len(document) > LARGEST_CALENDAR:
        raise BodyTooLargeError(LARGEST_CALENDAR)
