"""What is allowed with seats."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import NotFoundError, UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import (
    Booking,
    BookingRequest,
    BookingStatus,
    BrokenRule,
    HoldRequest,
    ReleaseRequest,
)
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.scheduler.transport import NoRideReason
from services.scheduler.bookings import locks, storage
from services.scheduler.bookings.errors import SeatRulesBrokenError, SeatsHeldBackError
from services.scheduler.bookings.seat_rules import SeatRules
from services.scheduler.bookings.storage import LockedSession
from services.scheduler.early_rounds import call_round_at_the_lapse, call_round_early
from services.scheduler.errors import (
    AppointmentCancelledError,
    AppointmentOverError,
    CommitmentCollidesError,
    NoSeatError,
    PatientBookedError,
)
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.transport.riding import RidesLogic


class FreedSeats(Protocol):
    """Hears of seats that are free again, within the transaction that freed them."""

    async def freed(self, appointment_id: AppointmentId, caller_token: str) -> None:
        """Do what the site wants done with a seat of this session; never fails because another service is away."""

    async def all_freed(self, seats: Mapping[AppointmentId, int], caller_token: str) -> None:
        """Do the same with so many seats of each session, the first sessions first; a bounded number of sessions."""

    async def freed_since(self, site_id: SiteId, since: datetime, caller_token: str) -> None:
        """Do the same with a site's seats given back since then for which nobody could be asked."""


class HoldLapses(Protocol):
    """Has the seats of holds that lapse looked at, and knows whom to ask for them then."""

    async def foreseen(
        self, appointment_id: AppointmentId, patient_id: PatientId, caller_token: str
    ) -> Sequence[PatientSeating]:
        """Return what records says of those who would be asked next, where the site wants somebody asked."""

    async def watch(
        self,
        appointment_id: AppointmentId,
        patient_id: PatientId,
        lapses_at: datetime,
        seatings: Sequence[PatientSeating],
    ) -> None:
        """Have the seat looked at when a patient's hold lapses, in place of any time before."""

    async def forget(self, appointment_id: AppointmentId, patient_id: PatientId) -> None:
        """Note that the hold will not lapse."""


class Outages(Protocol):
    """Knows which sessions will not take place as they are published."""

    async def refuse_disrupted(self, appointment_id: AppointmentId) -> None:
        """Raise the refusal of a session whose practitioner is out, whose room is lost or whose site is closed."""

    async def disrupted(self, appointments: Collection[AppointmentId]) -> AbstractSet[AppointmentId]:
        """Return those of the sessions that would be refused."""


class HeldSeats(Protocol):
    """Knows which free seats are kept for people who can come at few other times."""

    async def held_back(
        self, appointment_id: AppointmentId, seating: PatientSeating, *, leaving: AppointmentId | None = None
    ) -> "KeptSeats | None":
        """Return what a session keeps from a patient who would leave another for it; None where nothing is kept."""


class KeptSeats(Protocol):
    """So many of a session's free seats are not for a patient before they are released."""

    @property
    def seats(self) -> int:
        """How many."""

    @property
    def released_at(self) -> datetime:
        """When they are anybody's."""


class BookingsLogic:
    """Books, holds and releases seats; never tells who else sits there."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        records: RecordsClient,
        outages: Outages,
        held_seats: HeldSeats,
        rules: SeatRules,
        rides: RidesLogic,
        freed_seats: FreedSeats,
        hold_lapses: HoldLapses,
        announcements: Announcements,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._records = records
        self._outages = outages
        self._held_seats = held_seats
        self._rules = rules
        self._rides = rides
        self._freed_seats = freed_seats
        self._hold_lapses = hold_lapses
        self._announcements = announcements
        self._clock = clock

    async def book(
        self,
        appointment_id: AppointmentId,
        request: BookingRequest,
        caller_token: str,
        *,
        told_as: NoticeKind = NoticeKind.SESSION_ADDED,
    ) -> Booking:
        """Give a patient a seat for good; a live hold of the same patient becomes the booking.

        Raises:
            NotFoundError: There is no such session, or no such patient, in the caller's organization.
            AppointmentCancelledError: A later version of the week is without it.
            AppointmentOverError: It has ended.
            PatientBookedError: The patient has a seat at that time.
            CommitmentCollidesError: The patient has a commitment at that time.
            SessionDisruptedError: Its practitioner is out, its room is lost, or its site is closed.
            SeatRulesBrokenError: The plan, or what the patient has on that day already, speaks against it.
            NoSeatError: No seat is free, or none that this patient may sit on.
            SeatsHeldBackError: What is free is kept for people who can come at few other times.
            NoRideError: The plan needs transport, no seat is free on the way, and the request does not say why not.
        """
        seating = await self.seating(request.patient_id, caller_token)
        return await self.book_for(
            appointment_id, seating, request.no_ride_reason, told_as=told_as if request.notify else None
        )

    async def book_for(
        self,
        appointment_id: AppointmentId,
        seating: PatientSeating,
        no_ride_reason: NoRideReason | None,
        *,
        takes_held_back: bool = False,
        told_as: NoticeKind | None = None,
    ) -> Booking:
        """Book for a patient of whom records has been asked already; a kept seat only where somebody answers for it.

        `told_as` is the kind of notice that tells the patient; None tells nothing, as to who has asked for it.

        Raises:
            Whatever `book` raises, for the same reasons.
        """
        session = await self._take(appointment_id, seating, held_until=None, takes_held_back=takes_held_back)
        await self._rides.bring(seating, session.site_id, session.coming(seating.patient_id), no_ride_reason)
        if told_as is not None:
            await self._tell(told_as, session, seating.patient_id)
        return _booking(session, seating, None)

    async def seat_for(self, appointment_id: AppointmentId, seating: PatientSeating) -> None:
        """Book one of several seats of a patient; how the patient comes to all of them is the caller's to see to.

        Raises:
            Whatever `book` raises, for the same reasons, but for the ride.
        """
        await self._take(appointment_id, seating, held_until=None)

    async def hold(self, appointment_id: AppointmentId, request: HoldRequest, caller_token: str) -> Booking:
        """Keep a seat for a patient for some minutes; asked again, for so many minutes from then.

        A seat that is neither booked nor given back until then is offered like any that gets free.

        Raises:
            Whatever `book` raises, for the same reasons.
        """
        held_until = self._clock.now() + timedelta(minutes=request.minutes)
        seating = await self.seating(request.patient_id, caller_token)
        next_asked = await self._hold_lapses.foreseen(appointment_id, request.patient_id, caller_token)
        session = await self._take(appointment_id, seating, held_until=held_until)
        await self._hold_lapses.watch(appointment_id, request.patient_id, held_until, next_asked)
        return _booking(session, seating, held_until)

    async def release(self, appointment_id: AppointmentId, request: ReleaseRequest, caller_token: str) -> None:
        """Give a patient's seat back, whether booked or held; the site may have it offered to who waits.

        Raises:
            NotFoundError: There is no such session in the caller's organization, or the patient has no seat in it.
            AppointmentCancelledError: A later version of the week is without it.
            AppointmentOverError: It has ended.
        """
        now = self._clock.now()
        session = await self._locked(appointment_id, request.patient_id, now)
        if request.patient_id not in session.seats:
            raise NotFoundError
        leaving = {(appointment_id, request.patient_id)}
        unsettled = await self._rides.unsettled(session.site_id, leaving, [session.facts.start])
        await storage.release(
            self._db,
            self._organization_id,
            appointment_id=appointment_id,
            patient_id=request.patient_id,
            reason=request.reason,
            now=now,
        )
        await call_round_early(self._db, self._organization_id, session.facts.starts_by_seats, now)
        await self._hold_lapses.forget(appointment_id, request.patient_id)
        await self._rides.settle(unsettled)
        if request.notify and session.is_booked_for(request.patient_id):
            await self._tell(NoticeKind.SESSION_CANCELLED, session, request.patient_id)
        await self._freed_seats.freed(appointment_id, caller_token)

    async def _tell(self, kind: NoticeKind, session: LockedSession, patient_id: PatientId) -> None:
        sitting = Sitting(session.facts.start, session.facts.end, session.facts.modality)
        is_lost = kind is NoticeKind.SESSION_CANCELLED
        before, after = (sitting, None) if is_lost else (None, sitting)
        facts = NoticeFacts(session.site_id, session.id, before=before, after=after)
        await self._announcements.tell_once(Telling(patient_id, kind, facts))

    # Records is asked before the session is locked: nobody waits for a network call of somebody else.
    async def _take(
        self,
        appointment_id: AppointmentId,
        seating: PatientSeating,
        *,
        held_until: datetime | None,
        takes_held_back: bool = False,
    ) -> LockedSession:
        patient_id = seating.patient_id
        await locks.lock_patient(self._db, patient_id)
        session = await self._locked(appointment_id, patient_id, self._clock.now())
        if session.is_booked_for(patient_id):
            raise PatientBookedError
        is_held = patient_id in session.seats
        # No seat comes before whatever else is wrong, so that a full group and one to be kept out of look the same.
        if (session.is_full and not is_held) or not session.seats.keys().isdisjoint(seating.no_contact):
            raise NoSeatError
        await self._outages.refuse_disrupted(appointment_id)
        if not is_held and not takes_held_back:
            await self._refuse_held_back(session, seating)
        refuse(await self._rules.broken(session, seating, without=[session.id]))
        of_seats = (self._db, self._organization_id, session.facts.starts_by_seats, self._clock.now())
        if is_held:
            # Whose practitioner comes already.
            await storage.keep_seat(self._db, appointment_id, patient_id, held_until)
            await self._hold_lapses.forget(appointment_id, patient_id)
        elif await storage.take_seat(self._db, self._organization_id, session, patient_id, held_until):
            await call_round_early(*of_seats)
        else:
            raise PatientBookedError
        if held_until is not None:
            await call_round_at_the_lapse(*of_seats, held_until)
        return session

    async def _refuse_held_back(self, session: LockedSession, seating: PatientSeating) -> None:
        held = await self._held_seats.held_back(session.id, seating)
        if held is not None and session.free <= held.seats:
            raise SeatsHeldBackError(held.released_at)

    async def seating(self, patient_id: PatientId, caller_token: str) -> PatientSeating:
        """Ask records what giving the patient a seat depends on.

        Raises:
            NotFoundError: There is no such patient in the caller's organization.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        return await seating_of(self._records, patient_id, caller_token)

    async def _locked(self, appointment_id: AppointmentId, patient_id: PatientId, now: datetime) -> LockedSession:
        found = await storage.lock_sessions(self._db, [appointment_id], [patient_id], now)
        if appointment_id not in found:
            raise NotFoundError
        session = found[appointment_id]
        if session.status is AppointmentStatus.CANCELLED:
            raise AppointmentCancelledError
        if session.facts.end <= now:
            raise AppointmentOverError
        return session


def _booking(session: LockedSession, seating: PatientSeating, held_until: datetime | None) -> Booking:
    return Booking(
        appointment_id=session.id,
        patient_id=seating.patient_id,
        status=BookingStatus.BOOKED if held_until is None else BookingStatus.HELD,
        held_until=held_until,
    )


async def seating_of(records: RecordsClient, patient_id: PatientId, caller_token: str) -> PatientSeating:
    """Ask records what giving a patient a seat depends on.

    Raises:
        NotFoundError: There is no such patient in the caller's organization.
        UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
    """
    try:
        return await records.patient_seating(caller_token, patient_id)
    except RefusedError:
        raise UpstreamUnavailableError("records") from None


def refuse(broken: Sequence[BrokenRule]) -> None:
    """Refuse a seat for the rules that it would break; who has another session or a commitment then is told so first.

    Raises:
        PatientBookedError: The patient has a seat at that time.
        CommitmentCollidesError: The patient has a commitment at that time.
        SeatRulesBrokenError: It is something else.
    """
    codes = {rule.code for rule in broken}
    if "patient-booked" in codes:
        raise PatientBookedError
    if "commitment-collides" in codes:
        raise CommitmentCollidesError
    if broken:
        raise SeatRulesBrokenError([(rule.code, rule.sentence) for rule in broken])
