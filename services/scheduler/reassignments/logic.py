"""What is allowed with reassignments: a new version of the week in which sessions are held by somebody else."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import AccountId, AppointmentId, SiteId
from services.contracts.scheduler.republications import (
    HeldBy,
    ReassignmentRequest,
    ReassignmentsRequest,
    RepublicationRequest,
)
from services.contracts.scheduler.timetables import Appointment, Timetable
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
    Change,
    broken_by,
    held_as,
    known_faults,
    session_of,
    still_asked,
    unnamed,
    with_sessions,
)
from services.scheduler.solver.check import check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance
from services.scheduler.solver.instance import Timetable as SolvedTimetable
from services.scheduler.solves.rules import is_past
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weeks import WeekGrid

_NOT_OF_THE_WEEK: Final = "must be a session of this week at this site, as list_appointments names them"


class ReassignmentsLogic:
    """Puts somebody else, or another room, into sessions of a published week."""

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
            Whatever `reassign_together` raises, for the same reasons.
        """
        where = await storage.whereabouts(self._read, appointment_id)
        if where is None:
            raise NotFoundError
        asked = _Asked(appointment_id, request, "")
        return await self._reassigned(
            where.site_id, where.week, [asked], request, expected_version=expected_version, caller_token=caller_token
        )

    async def reassign_together(
        self,
        site_id: SiteId,
        week: date,
        request: ReassignmentsRequest,
        *,
        expected_version: int,
        caller_token: str,
    ) -> Timetable:
        """Publish the week anew with all the sessions held as asked for, or leave it as it is.

        Raises:
            NotFoundError: There is no such site in the caller's organization, or nothing is published.
            AppointmentCancelledError: A session is no longer in the published week.
            PastWeekError: The week is over.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            NotOfTheVersionError: One was booked by hand, or has begun.
            InvalidRequestError: A session, somebody or a room is not of the site's week, or a session has no such.
            NothingReassignedError: All are held like that already.
            ReassignmentRefusedError: A rule forbids it.
            Whatever `Republishing.publish` raises, for the same reasons.
        """
        asked = [
            _Asked(one.appointment_id, one, f"/reassignments/{number}")
            for number, one in enumerate(request.reassignments)
        ]
        for one in asked:
            where = await storage.whereabouts(self._read, one.appointment_id)
            if where is None or (where.site_id, where.week) != (site_id, week):
                raise InvalidRequestError(f"{one.pointer}/appointment_id", _NOT_OF_THE_WEEK)
        return await self._reassigned(
            site_id, week, asked, request, expected_version=expected_version, caller_token=caller_token
        )

    async def _reassigned(
        self,
        site_id: SiteId,
        week: date,
        asked: Sequence["_Asked"],
        request: RepublicationRequest,
        *,
        expected_version: int,
        caller_token: str,
    ) -> Timetable:
        grid = WeekGrid(await self._republishing.zone_of(site_id), week)
        if is_past(week, self._clock.today(grid.zone)):
            raise PastWeekError
        booked = {one.id: one for one in await self._appointments.all_of_week(site_id, week)}
        if any(one.appointment_id not in booked for one in asked):
            raise AppointmentCancelledError
        old = await self._published.current(site_id, week)
        if expected_version != old.version:
            stale = WeekMovedError(week, expected_version=expected_version, current_version=old.version)
            raise await self._moved_weeks.told(stale, site_id)
        made = await self._made(old, asked, booked, grid, caller_token)
        version = next_version(old, made, old.version, by=self._account_id, now=self._clock.now())
        return await self._republishing.publish(
            version.model_copy(update={"reason": request.reason}), made, request, caller_token
        )

    async def _made(
        self,
        old: Timetable,
        asked: Sequence["_Asked"],
        booked: Mapping[AppointmentId, Appointment],
        grid: WeekGrid,
        caller_token: str,
    ) -> MadeWeek:
        _, document = await self._published.current_document(old.site_id, old.week)
        found, outages = await self._republishing.instance_of_today(old.site_id, old.week, caller_token)
        today = instance_from_json(found)
        told = with_past(today, timetable_from_json(document))
        solved = await self._moved_weeks.instance(old.proposal_id)
        before = as_closed(told, list(booked.values()), grid, still_asked(today, solved, told), outages)
        instance = still_asked(today, solved, before)
        if document is None:
            raise NotOfTheVersionError
        changes = [_change(one, booked[one.appointment_id], before, instance, grid) for one in asked]
        if all(change.held == change.session for change in changes):
            raise NothingReassignedError
        after = with_sessions(before, changes)
        known, verdict = await asyncio.to_thread(
            lambda: (known_faults(instance, before, changes), check(instance, after))
        )
        if broken := broken_by(known, verdict.errors, before, changes):
            raise ReassignmentRefusedError(broken)
        return MadeWeek(after, verdict, instance, found, document, outages)


class _Asked(NamedTuple):
    """Of which session something is asked, and where in the request."""

    appointment_id: AppointmentId
    request: HeldBy
    pointer: str


def _change(
    asked: _Asked, appointment: Appointment, week: SolvedTimetable, instance: Instance, grid: WeekGrid
) -> Change:
    session = session_of(week, appointment, grid.place(appointment.start))
    if session is None or instance.has_begun(session):
        raise NotOfTheVersionError
    if (wrong := unnamed(session, asked.request, instance)) is not None:
        raise InvalidRequestError(asked.pointer + wrong.pointer, wrong.sentence)
    return Change(session, asked.request, held_as(session, asked.request), asked.pointer)
