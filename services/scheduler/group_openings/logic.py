"""What is allowed with group openings: a new version of the week with one group more, or nothing."""

import asyncio
from dataclasses import replace
from datetime import date

from services.chassis.clock import Clock
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import AccountId, SiteId
from services.contracts.scheduler.group_openings import GroupOpeningRequest, OpenedGroup
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.errors import PastWeekError, WeekMovedError
from services.scheduler.group_openings.errors import GroupNotOpenedError, OpeningRefusedError
from services.scheduler.group_openings.rules import Unopened, broken_by, opened
from services.scheduler.placements.gathering import BookedWeeks
from services.scheduler.proposals.closed_hours import as_closed
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.proposals.republishing import MadeWeek, Republishing, next_version
from services.scheduler.proposals.rules import sessions_of
from services.scheduler.reassignments.rules import still_asked
from services.scheduler.solver.check import check
from services.scheduler.solver.fixed import with_past
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import PROCESS_GROUP, TherapyGroup
from services.scheduler.solver.instance import Timetable as PlannedWeek
from services.scheduler.solver.interactive.opening import GroupPlace, opening
from services.scheduler.solves.rules import is_past
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weeks import WeekGrid


class GroupOpeningsLogic:
    """Opens a group in a published week."""

    def __init__(
        self,
        account_id: AccountId,
        *,
        weeks: BookedWeeks,
        republishing: Republishing,
        published: TimetablesReader,
        appointments: AppointmentsReader,
        moved_weeks: MovedWeeks,
        clock: Clock,
    ) -> None:
        self._account_id = account_id
        self._weeks = weeks
        self._republishing = republishing
        self._published = published
        self._appointments = appointments
        self._moved_weeks = moved_weeks
        self._clock = clock

    async def open(
        self, site_id: SiteId, week: date, request: GroupOpeningRequest, *, expected_version: int, caller_token: str
    ) -> OpenedGroup:
        """Publish the week anew with the group in it, and book its seats, all or nothing.

        Raises:
            NotFoundError: Nothing is published, or there is no such site in the caller's organization.
            PastWeekError: The week is over.
            WeekMovedError: `expected_version` is not the published one; it names what moved since then.
            InvalidRequestError: The week has no such kind of group, it has no or needs a track, or none begins then.
            GroupNotOpenedError: Nobody leads it, no room is free, or too few people lack it and can come.
            OpeningRefusedError: The week would break a rule that it keeps now.
            Whatever `Republishing.publish` raises, for the same reasons.
        """
        old = await self._published.current(site_id, week)
        grid = WeekGrid(await self._republishing.zone_of(site_id), week)
        if is_past(week, self._clock.today(grid.zone)):
            raise PastWeekError
        if expected_version != old.version:
            stale = WeekMovedError(week, expected_version=expected_version, current_version=old.version)
            raise await self._moved_weeks.told(stale, site_id)
        group = await self._group(site_id, week, request, grid, caller_token)
        made = await self._made(old, group, grid, caller_token)
        version = next_version(old, made, old.version, by=self._account_id, now=self._clock.now())
        timetable = await self._republishing.publish(
            version.model_copy(update={"reason": request.reason}), made, request, caller_token
        )
        [session] = sessions_of(made.instance, PlannedWeek((group,)), grid)
        return OpenedGroup(timetable=timetable, group=session)

    async def _group(
        self, site_id: SiteId, week: date, request: GroupOpeningRequest, grid: WeekGrid, caller_token: str
    ) -> TherapyGroup:
        found = grid.place(request.start)
        if found is None:
            raise InvalidRequestError("/start", "must be a quarter of an hour of this week, as the advice has it")
        place = GroupPlace(*found, request.modality.value, request.track, request.language)
        _, _, booked = await self._weeks.whole(site_id, week, caller_token)
        kind = booked.instance.kinds.get(str(request.group_offering_id))
        if kind is None:
            raise InvalidRequestError("/group_offering_id", "must be a kind of group that the site has in this week")
        if (request.track is None) is (kind.service == PROCESS_GROUP):
            raise InvalidRequestError("/track", "must name the track of a process group, and be null for other groups")
        free = await asyncio.to_thread(opening, booked, kind, place)
        group = opened(request, kind, place, free, booked.instance)
        if isinstance(group, Unopened):
            raise GroupNotOpenedError(group.code, group.pointer, group.sentence)
        return group

    async def _made(self, old: Timetable, group: TherapyGroup, grid: WeekGrid, caller_token: str) -> MadeWeek:
        booked = await self._appointments.all_of_week(old.site_id, old.week)
        _, document = await self._published.current_document(old.site_id, old.week)
        found, outages = await self._republishing.instance_of_today(old.site_id, old.week, caller_token)
        today = instance_from_json(found)
        told = with_past(today, timetable_from_json(document))
        solved = await self._moved_weeks.instance(old.proposal_id)
        before = as_closed(told, booked, grid, still_asked(today, solved, told), outages)
        instance = still_asked(today, solved, before)
        after = replace(before, groups=(*before.groups, group))
        known, verdict = await asyncio.to_thread(lambda: (check(instance, before).errors, check(instance, after)))
        if broken := broken_by(known, verdict.errors):
            raise OpeningRefusedError(broken)
        return MadeWeek(after, verdict, instance, found, document or {}, outages)
