"""What is allowed with make-ups."""

from datetime import date
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AppointmentId, MakeUpId, OrganizationId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.bookings import BookingRequest
from services.contracts.scheduler.make_ups import MakeUp, MakeUpBookingRequest, MakeUpStatus, RecommendedSeats
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.vocabulary import ServiceKind
from services.scheduler.bookings.logic import BookingsLogic, Outages, seating_of
from services.scheduler.bookings.seat_rules import TelehealthRules
from services.scheduler.commitments.logic import CommitmentsReader
from services.scheduler.held_seats.logic import HeldSeatsReader
from services.scheduler.make_ups import storage
from services.scheduler.make_ups.errors import MakeUpClosedError
from services.scheduler.make_ups.rules import Missed, OpenSession, due_of, recommended, without_kept
from services.scheduler.reach import CallersReach
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.weeks import WeekGrid


class OpenMakeUps:
    """Reads what one patient is still to make up for; the caller has let the patient through."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of(self, patient_id: PatientId, week: date) -> list[MakeUp]:
        """Return what is neither booked nor withdrawn of a week, the one longest known first."""
        return await storage.open_of_patient(self._read, patient_id, week)


class MissedReader:
    """Reads what took place without the people who had a seat, for the rest of a week to be planned with it."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock

    async def of_week(self, site_id: SiteId, week: date) -> dict[tuple[PatientId, ServiceKind], int]:
        """Return the minutes that each patient has missed and has no seat ahead to make up for.

        A seat that was given back beforehand is none that was missed: nobody counts it as delivered.
        """
        return await storage.missed_of_week(self._read, site_id, week, self._clock.now())


class MakeUpsReader:
    """Reads what is owed, and finds room for it."""

    def __init__(
        self,
        read: Read,
        *,
        sites: SitesReader,
        commitments: CommitmentsReader,
        records: RecordsClient,
        outages: Outages,
        held_seats: HeldSeatsReader,
        telehealth: TelehealthRules,
        clock: Clock,
    ) -> None:
        self._read = read
        self._held_seats = held_seats
        self._sites = sites
        self._commitments = commitments
        self._records = records
        self._outages = outages
        self._telehealth = telehealth
        self._clock = clock

    async def get(self, make_up_id: MakeUpId) -> MakeUp:
        """Return a make-up.

        Raises:
            NotFoundError: There is no such make-up in the caller's organization.
        """
        make_up = await storage.find(self._read, make_up_id)
        if make_up is None:
            raise NotFoundError
        return make_up

    async def page(
        self, site_id: SiteId, week: date, status: MakeUpStatus, page: PageRequest, *, reach: CallersReach
    ) -> Page[MakeUp]:
        """Return a page of a week's make-ups of those whom the caller treats, the one longest known first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._sites.get(site_id)
        owed = page.page(await storage.page(self._read, site_id, week, status, page))
        seen = await reach.among((one.patient_id for one in owed.items), Information.ATTENDANCE)
        shown = [one for one in owed.items if one.patient_id in seen]
        return Page(items=shown, next_page_token=owed.next_page_token)

    async def within_reach(self, make_up_id: MakeUpId, reach: CallersReach) -> MakeUp:
        """Return a make-up to somebody who may see who came: that it is owed says that the patient did not.

        Raises:
            NotFoundError: There is no such make-up here, or of nobody whom the caller treats.
            UpstreamUnavailableError: Records does not answer.
        """
        make_up = await self.get(make_up_id)
        await reach.require(make_up.patient_id, Information.ATTENDANCE)
        return make_up

    async def recommend(
        self, make_up_id: MakeUpId, limit: int, caller_token: str, reach: CallersReach
    ) -> RecommendedSeats:
        """Return the seats of the week that fit the patient, the best first; none that is kept for others.

        Raises:
            NotFoundError: There is no such make-up here, or of nobody whom the caller treats.
            UpstreamUnavailableError: Records does not answer.
        """
        make_up = await self.within_reach(make_up_id, reach)
        seating = await seating_of(self._records, make_up.patient_id, caller_token)
        zone = ZoneInfo((await self._sites.get(make_up.site_id)).zone)
        now = self._clock.now()
        grid = WeekGrid(zone, make_up.week)
        busy = await self._commitments.of_patients([make_up.patient_id], grid.start, grid.end)
        lead = await storage.lead_of(self._read, make_up.missed_appointment_id)
        missed = Missed(
            minutes=make_up.minutes,
            practitioner_id=None if lead is None else PractitionerId(lead),
            others=await storage.week_of_patient(self._read, make_up.patient_id, make_up.week, zone, now),
            busy=busy.get(make_up.patient_id, []),
        )
        free = await self._open_sessions(make_up, zone)
        disrupted = await self._outages.disrupted([session.id for session in free])
        kept = await self._held_seats.of_week(make_up.site_id, make_up.week, seating)
        taking_place = [
            session
            for session in free
            if session.id not in disrupted and not await self._telehealth.broken(session.id, session.facts, seating)
        ]
        seats = recommended(without_kept(taking_place, kept), missed, seating, limit=limit)
        return RecommendedSeats(make_up_id=make_up.id, seats=seats)

    async def _open_sessions(self, make_up: MakeUp, zone: ZoneInfo) -> list[OpenSession]:
        now = self._clock.now()
        week = await storage.sessions_of(self._read, make_up.site_id, make_up.week, make_up.service, now)
        return [
            OpenSession(
                id=AppointmentId(row["id"]),
                facts=storage.facts_of(row, zone),
                practitioner_id=row["practitioner_id"],
                free_seats=row["capacity"] - len(week.people[row["id"]]),
                people=frozenset(week.people[row["id"]]),
            )
            for row in week.rows
            if row["start"] > now
            and row["id"] != make_up.missed_appointment_id
            and len(week.people[row["id"]]) < row["capacity"]
        ]


class MakeUpsLogic:
    """Notes what is owed, and books it."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: MakeUpsReader,
        bookings: BookingsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._bookings = bookings
        self._clock = clock

    async def need(
        self,
        appointment_id: AppointmentId,
        patient_id: PatientId,
        *,
        site_id: SiteId,
        week: date,
        service: ServiceKind,
        minutes: int,
    ) -> None:
        """Note that a patient missed a session and is to make up for it in its week; twice is once."""
        now = self._clock.now()
        make_up = MakeUp(
            id=MakeUpId(fresh_id(now)),
            site_id=site_id,
            patient_id=patient_id,
            week=week,
            due=due_of(week),
            service=service,
            minutes=minutes,
            missed_appointment_id=appointment_id,
            status=MakeUpStatus.OPEN,
            appointment_id=None,
            created_at=now,
        )
        await storage.keep(self._db, self._organization_id, make_up)

    async def withdraw(self, appointment_id: AppointmentId, patient_id: PatientId) -> None:
        """Note that a patient owes nothing for a session after all; what is booked already stays booked."""
        await storage.withdraw(self._db, appointment_id, patient_id)

    async def moved(self, patient_id: PatientId, before: AppointmentId, after: AppointmentId) -> None:
        """Note that a patient sits in another session now: where that makes up for the same, the make-up goes along."""
        await storage.move(self._db, patient_id, before, after)

    async def book(
        self, make_up_id: MakeUpId, request: MakeUpBookingRequest, caller_token: str, reach: CallersReach
    ) -> MakeUp:
        """Give the patient a seat in which to make up for what was missed.

        Raises:
            NotFoundError: There is no such make-up or session here, or the patient is nobody whom the caller treats.
            MakeUpClosedError: It is booked already, or withdrawn.
            InvalidRequestError: The session is of another week or another service.
            Whatever `BookingsLogic.book` raises, for the same reasons.
        """
        # Records is asked before anything is locked: nobody waits for a network call of somebody else.
        make_up = await self._reader.get(make_up_id)
        await reach.require_to_change(make_up.patient_id, Information.ATTENDANCE)
        make_up = await self._open(make_up_id)
        if not await storage.is_of(self._db, request.appointment_id, make_up):
            raise InvalidRequestError("/appointment_id", "must be another session of the same service in the same week")
        wanted = BookingRequest(
            patient_id=make_up.patient_id, no_ride_reason=request.no_ride_reason, notify=request.notify
        )
        await self._bookings.book(request.appointment_id, wanted, caller_token, told_as=NoticeKind.MAKE_UP)
        # Sessions come before make-ups, as when a week is published: the two cannot wait for each other.
        await storage.lock(self._db, make_up_id)
        await self._open(make_up_id)
        await storage.book(self._db, make_up_id, request.appointment_id)
        return make_up.model_copy(update={"status": MakeUpStatus.BOOKED, "appointment_id": request.appointment_id})

    async def _open(self, make_up_id: MakeUpId) -> MakeUp:
        make_up = await self._reader.get(make_up_id)
        if make_up.status is not MakeUpStatus.OPEN:
            raise MakeUpClosedError(make_up.status.value)
        return make_up
