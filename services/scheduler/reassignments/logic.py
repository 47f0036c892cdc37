"""What is allowed with reassignments: a new version of the week in which one session is held by somebody else."""

import asyncio
from collections.abc import Iterable, Sequence

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import AccountId, AppointmentId
from services.contracts.scheduler.republications import ReassignmentRequest
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus, Timetable
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.errors import AppointmentCancelledError, PastWeekError, WeekMovedError
from services.scheduler.proposals.closed_hours import as_closed
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.proposals.republishing import MadeWeek, Republishing, next_version
from services.scheduler.reassignments import storage
from services.scheduler.reassignments.errors import (
    NothingReassignedError,
    NotOfTheVersionError,
    ReassignmentRefusedError,
)
from services.scheduler.reassignments.rules import (
    broken_by,
    held_as,
    known_faults,
    session_of,
    still_asked,
    unnamed,
    with_session,
)
from services.scheduler.reassignments.storage import Whereabouts
from services.scheduler.solver.check import check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solves.rules import is_past
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weeks import WeekGrid


class ReassignmentsLogic:
    """Puts somebody else, or another room, into a session of a published week."""

    def __init__(
        self,
        read: Read,
        account_id: AccountId,
        *,
        republishing: Republishing,
        published: TimetablesReader,
        moved_weeks: MovedWeeks,
        appointments: AppointmentsReader,
        clock: Clock,
    ) -> None:
        self._read = read
        self._account_id = account_id
        self._republishing = republishing
        self._published = published
        self._moved_weeks = moved_weeks
        self._appointments = appointments
        self._clock = clock

    async def reassign(
        self,
        appointment_id: AppointmentId,
        request: ReassignmentRequest,
        *,
        expected_version: int,
        caller_token: str,
    ) -> Timetable:
        """Publish the week anew with the session held as asked for; faults that the week has anyway do not count.

        Raises:
            NotFoundError: There is no such session in the caller's organization.
            AppointmentCancelledError: The session is no longer in the published week.
            PastWeekError: The week is over.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            NotOfTheVersionError: It was booked by hand, or has begun.
            InvalidRequestError: Somebody or a room is not of the site's week, or nothing that such a session has.
            NothingReassignedError: It is held like that already.
            ReassignmentRefusedError: A rule forbids it.
            Whatever `Republishing.publish` raises, for the same reasons.
        """
        where = await storage.whereabouts(self._read, appointment_id)
        if where is None:
            raise NotFoundError
        grid = WeekGrid(await self._republishing.zone_of(where.site_id), where.week)
        if is_past(where.week, self._clock.today(grid.zone)):
            raise PastWeekError
        booked = await self._appointments.all_of_week(where.site_id, where.week)
        appointment = _booked(appointment_id, where, booked)
        old = await self._published.current(where.site_id, where.week)
        if expected_version != old.version:
            stale = WeekMovedError(where.week, expected_version=expected_version, current_version=old.version)
            raise await self._moved_weeks.told(stale, where.site_id)
        made = await self._made(old, (appointment, booked), request, grid, caller_token)
        version = next_version(old, made, old.version, by=self._account_id, now=self._clock.now())
        return await self._republishing.publish(
            version.model_copy(update={"reason": request.reason}), made, request, caller_token
        )

    async def _made(
        self,
        old: Timetable,
        found_in: tuple[Appointment, Sequence[Appointment]],
        request: ReassignmentRequest,
        grid: WeekGrid,
        caller_token: str,
    ) -> MadeWeek:
        appointment, booked = found_in
        _, document = await self._published.current_document(old.site_id, old.week)
        found, outages = await self._republishing.instance_of_today(old.site_id, old.week, caller_token)
        today = instance_from_json(found)
        told = with_past(today, timetable_from_json(document))
        solved = await self._moved_weeks.instance(old.proposal_id)
        before = as_closed(told, booked, grid, still_asked(today, solved, told), outages)
        instance = still_asked(today, solved, before)
        session = session_of(before, appointment, grid.place(appointment.start))
        if session is None or instance.has_begun(session) or document is None:
            raise NotOfTheVersionError
        if (wrong := unnamed(session, request, instance)) is not None:
            raise InvalidRequestError(wrong.pointer, wrong.sentence)
        held = held_as(session, request)
        if held == session:
            raise NothingReassignedError
        after = with_session(before, session, held)
        known, verdict = await asyncio.to_thread(
            lambda: (known_faults(instance, before, session, held), check(instance, after))
        )
        if broken := broken_by(known, verdict.errors, request):
            raise ReassignmentRefusedError(broken)
        return MadeWeek(after, verdict, instance, found, document, outages)


def _booked(appointment_id: AppointmentId, where: Whereabouts, booked: Iterable[Appointment]) -> Appointment:
    if where.status is AppointmentStatus.CANCELLED:
        raise AppointmentCancelledError
    found = next((one for one in booked if one.id == appointment_id), None)
    if found is None:
        # It was cancelled since its whereabouts were read.
        raise AppointmentCancelledError
    return found
