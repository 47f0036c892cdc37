"""What is allowed with the book."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus, Session
from services.contracts.vocabulary import ServiceKind
from services.scheduler.appointments import closing_storage, storage, week_storage
from services.scheduler.appointments.book import BookedSession
from services.scheduler.appointments.rules import KeptApart, WeekDifference, difference
from services.scheduler.early_rounds import call_round_early
from services.scheduler.errors import BookedByHandError
from services.scheduler.sites.logic import SitesReader


@dataclass(frozen=True, slots=True)
class ReplacedWeek:
    """What the next version has changed in the book, with the identifiers of the sessions it has added."""

    difference: WeekDifference
    added: tuple[AppointmentId, ...]

    def freed_seats(self) -> dict[AppointmentId, int]:
        """Return how many seats fewer are taken of each session that the version keeps; none where none are."""
        fewer = {kept.before.id: len(kept.before.seats) - len(kept.seats) for kept in self.difference.kept}
        return {appointment_id: seats for appointment_id, seats in fewer.items() if seats > 0}

    def gained_seats(self) -> dict[tuple[PatientId, ServiceKind], list[AppointmentId]]:
        """Return the seats that people have of a service beyond those that it took from them, in order of time."""
        gained: dict[tuple[PatientId, ServiceKind], list[tuple[datetime, AppointmentId]]] = defaultdict(list)
        lost = Counter[tuple[PatientId, ServiceKind]]()
        for session, appointment_id in zip(self.difference.added, self.added, strict=True):
            for patient_id in session.patient_ids:
                gained[patient_id, session.service].append((session.start, appointment_id))
        for kept in self.difference.kept:
            before, after = kept.before.members, {seat.patient_id for seat in kept.seats if seat.held_until is None}
            for patient_id in after - before:
                gained[patient_id, kept.after.service].append((kept.after.start, kept.before.id))
            lost.update((patient_id, kept.after.service) for patient_id in before - after)
        for cancelled in self.difference.cancelled:
            lost.update((patient_id, cancelled.service) for patient_id in cancelled.members)
        beyond = {who: sorted(seats)[lost[who] :] for who, seats in gained.items()}
        return {who: [appointment_id for _, appointment_id in seats] for who, seats in beyond.items() if seats}


class AppointmentsReader:
    """Reads the book."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def page_of_week(
        self, site_id: SiteId, week: date, status: AppointmentStatus, page: PageRequest
    ) -> Page[Appointment]:
        """Return a page of a week's appointments in order of time, with the site's offset.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        site = await self._sites.get(site_id)
        return page.page(await storage.page_of_week(self._read, site, week, status, page, now=self._clock.now()))

    async def begun(self, site_id: SiteId, week: date) -> list[Appointment]:
        """Return the booked appointments of a week that have begun, in order of time; times are in UTC."""
        return await storage.begun_of_week(self._read, site_id, week, self._clock.now())

    async def all_of_week(self, site_id: SiteId, week: date) -> list[Appointment]:
        """Return everything booked in a week, in order of time and in UTC."""
        return await storage.all_of_week(self._read, site_id, week, now=self._clock.now())

    async def all_of_weeks(self, site_id: SiteId, weeks: Collection[date]) -> dict[date, list[Appointment]]:
        """Return everything booked in each of some weeks, in order of time and in UTC."""
        return await storage.all_of_weeks(self._read, site_id, weeks, now=self._clock.now())

    async def switched(self, site_id: SiteId, week: date) -> set[AppointmentId]:
        """Return which booked appointments of a week somebody switched to another modality by hand."""
        return await storage.switched_of_week(self._read, site_id, week)


class AppointmentsLogic:
    """Keeps the book."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def replace_week(
        self,
        site_id: SiteId,
        week: date,
        version: int,
        sessions: Sequence[Session],
        *,
        apart: KeptApart,
        replace_bookings: bool,
    ) -> ReplacedWeek:
        """Let the book hold these sessions of a week, all or nothing, and say what that changed.

        What the version leaves as it was is left alone: identifiers, and seats taken or given back by hand.

        Raises:
            BookedByHandError: Seats taken by hand have no place any more, and nobody said that they may go.
            DoubleBookingError: A room, a practitioner or a patient is booked elsewhere at the same time.
        """
        now = self._clock.now()
        changes = await self.difference_of_week(site_id, week, sessions, apart=apart)
        if changes.undone_by_hand and not replace_bookings:
            raise BookedByHandError(changes.undone_by_hand)
        await week_storage.cancel(self._db, [session.id for session in changes.cancelled], now)
        await week_storage.keep(self._db, self._organization_id, version, changes.kept, now)
        added = await week_storage.book(
            self._db,
            self._organization_id,
            site_id=site_id,
            week=week,
            version=version,
            sessions=changes.added,
            now=now,
        )
        await call_round_early(self._db, self._organization_id, changes.starts, now)
        return ReplacedWeek(changes, tuple(added))

    async def difference_of_week(
        self, site_id: SiteId, week: date, sessions: Sequence[Session], *, apart: KeptApart
    ) -> WeekDifference:
        """Say what these sessions would change in the book of a week, and hold it until the transaction ends."""
        booked = await week_storage.lock_week(self._db, site_id, week)
        return difference(booked, sessions, apart=apart, now=self._clock.now())

    async def hold_week(self, site_id: SiteId, week: date) -> list[BookedSession]:
        """Return what is booked in a week, with its seats, and hold it until the transaction ends."""
        return await week_storage.lock_week(self._db, site_id, week)

    async def cancel(self, appointments: Sequence[AppointmentId]) -> None:
        """Cancel sessions that this transaction holds; they stay in the book as history."""
        await week_storage.cancel(self._db, appointments, self._clock.now())

    async def switch_to_video(self, appointment_id: AppointmentId, leaving: Collection[PatientId]) -> None:
        """Let a session that this transaction holds go on by video, without its room and without who leaves it."""
        await closing_storage.switch_to_video(self._db, appointment_id, leaving, self._clock.now())

    async def add(self, site_id: SiteId, week: date, version: int, sessions: Sequence[Session]) -> list[AppointmentId]:
        """Book sessions by hand beside those of the published version; they are in order of time.

        Raises:
            DoubleBookingError: A room, a practitioner or a patient is booked elsewhere at the same time.
        """
        now = self._clock.now()
        await call_round_early(self._db, self._organization_id, (session.start for session in sessions), now)
        return await week_storage.book(
            self._db,
            self._organization_id,
            site_id=site_id,
            week=week,
            version=version,
            sessions=sessions,
            now=now,
            by_hand=True,
        )
