"""What is allowed with attendance."""

from datetime import date, timedelta

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, StaleVersionError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, AppointmentId, AttendanceId, OrganizationId, PatientId
from services.contracts.scheduler.attendance import (
    AmendmentReason,
    Attendance,
    AttendanceAmendment,
    AttendanceRequest,
    AttendanceStatus,
    CallOutRequest,
    ParkedAttendance,
    WeekLedger,
)
from services.contracts.scheduler.bookings import ReleaseReason, ReleaseRequest
from services.contracts.scheduler.hours import OwedHours
from services.scheduler.attendance import storage
from services.scheduler.attendance.errors import (
    AttendanceNotParkedError,
    AttendanceRecordedError,
    AttendanceTimeError,
)
from services.scheduler.attendance.facts import Attendee
from services.scheduler.attendance.hours import owed_hours
from services.scheduler.attendance.rules import (
    SEEN,
    is_missed,
    lines,
    may_follow,
    minutes_late,
    refusal_of_amendment,
    refusal_of_time,
)
from services.scheduler.bookings.logic import BookingsLogic
from services.scheduler.dispatch import AttendanceCall, enqueue_attendance
from services.scheduler.make_ups.logic import MakeUpsLogic, OpenMakeUps
from services.scheduler.reach import CallersReach
from services.scheduler.storing import fresh_id
from services.scheduler.weekly import refuse_no_monday


class AttendanceReader:
    """Reads attendance."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def page(self, appointment_id: AppointmentId, page: PageRequest, reach: CallersReach) -> Page[Attendance]:
        """Return a page of what was recorded in a session of those whom the caller treats, the earliest first.

        Raises:
            NotFoundError: There is no such session in the caller's organization.
            UpstreamUnavailableError: Records does not answer.
        """
        found = await storage.page(self._read, appointment_id, page)
        if found is None:
            raise NotFoundError
        recorded = page.page(found)
        seen = await reach.among((one.patient_id for one in recorded.items), Information.ATTENDANCE)
        shown = [one for one in recorded.items if one.patient_id in seen]
        return Page(items=shown, next_page_token=recorded.next_page_token)

    async def parked(self, page: PageRequest) -> Page[ParkedAttendance]:
        """Return a page of what records refused for good and is not told any more, the earliest recorded first."""
        return page.page(await storage.parked(self._read, page))

    async def has_arrived(self, appointment_id: AppointmentId, patient_id: PatientId) -> bool:
        """Say whether the patient has checked in for a session."""
        return await storage.newest_status(self._read, appointment_id, patient_id) in SEEN

    async def ledger(self, patient_id: PatientId, week: date, reach: CallersReach) -> WeekLedger:
        """Return what a patient's week was to be and what became of it; empty for who has nothing in it.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            UpstreamUnavailableError: Records does not answer.
        """
        await reach.require(patient_id, Information.ATTENDANCE)
        entries = await storage.ledger(self._read, patient_id, week)
        services = lines(entries, await storage.still_open(self._read, patient_id, week))
        return WeekLedger(patient_id=patient_id, week=week, services=services, entries=entries)


class OwedHoursReader:
    """Reads what a patient's week still lacks, which takes the plan that records keeps."""

    def __init__(self, read: Read, records: RecordsClient, make_ups: OpenMakeUps, clock: Clock) -> None:
        self._read = read
        self._records = records
        self._make_ups = make_ups
        self._clock = clock

    async def owed(self, patient_id: PatientId, week: date, caller_token: str) -> OwedHours:
        """Return what a patient's plan requires of a week, and what has become of it so far.

        Raises:
            InvalidRequestError: The day does not begin a week.
            NotFoundError: There is no such patient in the caller's organization, or not for the caller.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        refuse_no_monday("week", week)
        # Records first: it decides whether the caller may see what this patient attends, and keeps the trail of it.
        try:
            required = await self._records.patient_requirement(caller_token, patient_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        entries = await storage.ledger(self._read, patient_id, week)
        return owed_hours(required, entries, await self._make_ups.of(patient_id, week), self._clock.now())


class AttendanceLogic:
    """Records who came; a correction is one more record."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        bookings: BookingsLogic,
        make_ups: MakeUpsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._bookings = bookings
        self._make_ups = make_ups
        self._clock = clock

    async def record(
        self, appointment_id: AppointmentId, request: AttendanceRequest, reach: CallersReach
    ) -> Attendance:
        """Record that a patient arrived, stayed, or did not come; who did not come has a session to make up for.

        Raises:
            NotFoundError: There is no such booked session here, or the patient has no seat in it, or is nobody whom
                the caller treats.
            AttendanceTimeError: It is too early or too late.
            AttendanceRecordedError: Something else was recorded: amend that.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await reach.require_to_record_attendance(request.patient_id)
        attendee = await self._seated(appointment_id, request.patient_id)
        before = attendee.newest
        if before is not None and not may_follow(before.status, request.status):
            raise AttendanceRecordedError(before.status.value)
        self._refuse_wrong_time(request.status, attendee)
        late = request.minutes_late
        if late is None:
            late = self._late_by_now(attendee, request.status)
        return await self._keep(attendee, request.status, late, request.minutes_left_early)

    async def call_out(
        self, appointment_id: AppointmentId, request: CallOutRequest, caller_token: str, reach: CallersReach
    ) -> Attendance:
        """Record before the start that a patient will not come; the seat is free, and the session owed.

        Raises:
            NotFoundError: There is no such booked session here, or the patient has no seat in it, or is nobody whom
                the caller treats.
            AttendanceTimeError: The session has begun.
            AttendanceRecordedError: The patient is there already.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await reach.require_to_record_attendance(request.patient_id)
        attendee = await self._seated(appointment_id, request.patient_id)
        before = attendee.newest
        if before is not None and before.status is not AttendanceStatus.CANCELLED:
            raise AttendanceRecordedError(before.status.value)
        self._refuse_wrong_time(AttendanceStatus.CANCELLED, attendee)
        # Who calls out knows of it.
        release = ReleaseRequest(patient_id=request.patient_id, reason=request.reason, notify=False)
        await self._bookings.release(appointment_id, release, caller_token)
        return await self._keep(
            attendee, AttendanceStatus.CANCELLED, excused=request.excused, call_out_reason=request.reason
        )

    async def amend(self, attendance_id: AttendanceId, request: AttendanceAmendment, reach: CallersReach) -> Attendance:
        """Put another record in the place of the newest one, which stays on record.

        Raises:
            NotFoundError: There is no such record in the caller's organization, or of nobody whom the caller treats.
            StaleVersionError: It is not the newest one any more.
            AttendanceTimeError: The session is not yet begun, or over for too long.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        amended = await storage.find(self._db, attendance_id)
        if amended is None:
            raise NotFoundError
        await reach.require_to_record_attendance(amended.patient_id)
        attendee = await storage.lock_attendee(self._db, amended.appointment_id, amended.patient_id)
        if attendee is None or attendee.newest is None:
            raise NotFoundError
        if attendee.newest.id != attendance_id:
            raise StaleVersionError("This record was amended meanwhile: read the session's attendance again.")
        now = self._clock.now()
        refusal = refusal_of_amendment(attendee.end, now)
        if request.status is not AttendanceStatus.ARRIVED and now < attendee.start:
            refusal = ("too-early", "The session is still ahead: only who has arrived can be told yet.")
        if refusal is not None:
            raise AttendanceTimeError(*refusal)
        return await self._keep(
            attendee,
            request.status,
            request.minutes_late or 0,
            request.minutes_left_early,
            amendment_reason=request.reason,
        )

    async def tell_again(self, attendance_id: AttendanceId) -> None:
        """Have records told once more of what it refused.

        Raises:
            NotFoundError: There is no such record in the caller's organization.
            AttendanceNotParkedError: Records has it, or is still being told.
        """
        if await storage.find(self._db, attendance_id) is None:
            raise NotFoundError
        if not await storage.unpark(self._db, attendance_id):
            raise AttendanceNotParkedError
        await enqueue_attendance(self._db, AttendanceCall(self._organization_id, attendance_id), timedelta())

    async def _seated(self, appointment_id: AppointmentId, patient_id: PatientId) -> Attendee:
        attendee = await storage.lock_attendee(self._db, appointment_id, patient_id)
        if attendee is None or not attendee.has_seat:
            raise NotFoundError
        return attendee

    def _refuse_wrong_time(self, status: AttendanceStatus, attendee: Attendee) -> None:
        refusal = refusal_of_time(status, attendee.start, attendee.end, self._clock.now())
        if refusal is not None:
            raise AttendanceTimeError(*refusal)

    def _late_by_now(self, attendee: Attendee, status: AttendanceStatus) -> int:
        if status is AttendanceStatus.ARRIVED:
            return minutes_late(attendee.start, self._clock.now())
        return attendee.newest.minutes_late if attendee.newest and status is AttendanceStatus.FULFILLED else 0

    async def _keep(
        self,
        attendee: Attendee,
        status: AttendanceStatus,
        late: int = 0,
        left_early: int = 0,
        *,
        excused: bool | None = None,
        call_out_reason: ReleaseReason | None = None,
        amendment_reason: AmendmentReason | None = None,
    ) -> Attendance:
        now = self._clock.now()
        record = Attendance(
            id=AttendanceId(fresh_id(now)),
            appointment_id=attendee.appointment_id,
            patient_id=attendee.patient_id,
            revision=1 if attendee.newest is None else attendee.newest.revision + 1,
            is_newest=True,
            status=status,
            excused=excused,
            call_out_reason=call_out_reason,
            minutes_late=late,
            minutes_left_early=left_early,
            amendment_reason=amendment_reason,
            recorded_by=self._account_id,
            recorded_at=now,
        )
        await storage.insert_revision(self._db, self._organization_id, record)
        await enqueue_attendance(self._db, AttendanceCall(self._organization_id, record.id), timedelta())
        await self._owe(attendee, status)
        return record

    async def _owe(self, attendee: Attendee, status: AttendanceStatus) -> None:
        if not is_missed(status):
            await self._make_ups.withdraw(attendee.appointment_id, attendee.patient_id)
            return
        await self._make_ups.need(
            attendee.appointment_id,
            attendee.patient_id,
            site_id=attendee.site_id,
            week=attendee.week,
            service=attendee.service,
            minutes=attendee.minutes,
        )
