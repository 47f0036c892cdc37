"""What is allowed with the setup of sites once it is there: it is changed and ended, and says what that breaks."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.contracts.identifiers import AppointmentId, GroupOfferingId, PractitionerId, RoomId, SiteId
from services.contracts.scheduler.disruptions import DisruptionKind, DisruptionReason
from services.contracts.scheduler.setup_changes import (
    ChangedGroupOffering,
    ChangedPractitioner,
    ChangedRoom,
    ChangedSite,
    SetupCollision,
    SetupCollisions,
    SetupFault,
    SetupRepair,
    SetupRepairBody,
)
from services.contracts.scheduler.sites import (
    GroupOffering,
    GroupOfferingRequest,
    Practitioner,
    PractitionerRequest,
    Room,
    RoomRequest,
    SetupOfWeek,
    Site,
    SiteRequest,
)
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.disruptions.outages import OutagesReader
from services.scheduler.group_offerings.logic import GroupOfferingsLogic
from services.scheduler.practitioners.logic import PractitionersLogic
from services.scheduler.proposals.moved_weeks import MovedWeeks
from services.scheduler.setup_changes import storage
from services.scheduler.setup_changes.rules import BookedWeek, faults_of, kinds_of
from services.scheduler.setup_changes.seats import given_again, sizes_of
from services.scheduler.setup_versions.facts import SetupVersion
from services.scheduler.setup_versions.logic import SetupVersionsLogic, effective_week
from services.scheduler.setup_versions.rules import Part, counts_from
from services.scheduler.sites.logic import SitesLogic
from services.scheduler.solver.instance import Instance
from services.scheduler.solves.rules import SiteSetup
from services.scheduler.solves.setup_rules import in_force
from services.scheduler.solves.setups import SetupHistory, SetupsReader
from services.scheduler.storing import json_of
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weekly import refuse_no_monday
from services.scheduler.weeks import WeekGrid

_MOST_SHOWN: Final = 200
_Faults = Mapping[AppointmentId, frozenset[SetupFault]]


class SetupCollisionsReader:
    """Reads which published sessions ahead do not fit how their site is set up."""

    def __init__(
        self,
        read: Read,
        *,
        setups: SetupsReader,
        appointments: AppointmentsReader,
        timetables: TimetablesReader,
        outages: OutagesReader,
        moved_weeks: MovedWeeks,
        clock: Clock,
    ) -> None:
        self._read = read
        self._setups = setups
        self._appointments = appointments
        self._timetables = timetables
        self._outages = outages
        self._moved_weeks = moved_weeks
        self._clock = clock

    async def of_site(self, site_id: SiteId) -> SetupCollisions:
        """Return what does not fit as things stand.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        history = await self.history(site_id)
        weeks = await self.weeks(history.newest.site)
        return collisions_of(weeks, site_id, await self.faults(weeks, history))

    async def of_week(self, site_id: SiteId, week: date) -> SetupOfWeek:
        """Return how a site is set up in a week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The day is no Monday.
        """
        refuse_no_monday("week", week)
        there = in_force(await self._setups.in_week(site_id, week), week)
        return SetupOfWeek(
            week=week,
            site=there.site,
            rooms=list(there.rooms),
            practitioners=list(there.practitioners),
            group_offerings=list(there.offerings),
        )

    async def history(self, site_id: SiteId) -> SetupHistory:
        """Return how a site is set up in every week.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return await self._setups.history(site_id)

    async def weeks(self, site: Site) -> list[BookedWeek]:
        """Return every week of a site with a session that has not begun; a statement each for all weeks together."""
        zone = ZoneInfo(site.zone)
        grids = [WeekGrid(zone, monday) for monday in await storage.weeks_ahead(self._read, site.id, self._clock.now())]
        mondays = [grid.monday for grid in grids]
        sessions = await self._appointments.all_of_weeks(site.id, mondays)
        published = await self._timetables.current_documents(site.id, mondays)
        hours = await self._outages.changed_hours(site.id, grids)

        def week_of(grid: WeekGrid) -> BookedWeek:
            monday = grid.monday
            version, document = published.get(monday, (0, None))
            kinds = kinds_of(json_of(document), sessions[monday], grid)
            return BookedWeek(grid, version, sessions[monday], kinds, hours[monday])

        # Whole timetables are read: meanwhile others are served.
        return await asyncio.to_thread(lambda: [week_of(grid) for grid in grids])

    async def planned(self, site_id: SiteId, week: date) -> Instance:
        """Return what the solver knew of whose timetable the published version of a week is.

        Raises:
            NotFoundError: Nothing is published.
        """
        return await self._moved_weeks.instance((await self._timetables.current(site_id, week)).proposal_id)

    async def faults(self, weeks: Sequence[BookedWeek], history: SetupHistory) -> _Faults:
        """Return what of the sessions that have not begun does not fit how the site is set up in their weeks."""
        now, found = self._clock.now(), defaultdict[AppointmentId, set[SetupFault]](set)

        def look() -> None:
            for week in weeks:
                for session, fault in faults_of(week, history.in_week(week.grid.monday)):
                    if session.start > now:
                        found[session.id].add(fault)

        await asyncio.to_thread(look)
        return {appointment_id: frozenset(faults) for appointment_id, faults in found.items()}


def collisions_of(weeks: Iterable[BookedWeek], site_id: SiteId, faults: _Faults) -> SetupCollisions:
    """Write down the faults of sessions, in order of time, and how to repair their weeks."""
    told: list[SetupCollision] = []
    people: set[object] = set()
    repairs: list[SetupRepair] = []
    for week in weeks:
        broken = [session for session in week.sessions if session.id in faults]
        told += [_collision(session, faults[session.id], week.grid) for session in broken]
        people.update(patient_id for session in broken for patient_id in session.patient_ids)
        if broken and week.version > 0:
            repairs.append(_repair(site_id, week))
    return SetupCollisions(count=len(told), people=len(people), sessions=told[:_MOST_SHOWN], repairs=repairs)


def _collision(session: Appointment, faults: Collection[SetupFault], grid: WeekGrid) -> SetupCollision:
    return SetupCollision(
        appointment_id=session.id,
        week=grid.monday,
        service=session.service,
        modality=session.modality,
        start=grid.local(session.start),
        end=grid.local(session.end),
        people=len(session.patient_ids),
        faults=sorted(faults),
    )


def _repair(site_id: SiteId, week: BookedWeek) -> SetupRepair:
    body = SetupRepairBody(
        site_id=site_id, week=week.grid.monday, kind=DisruptionKind.SETUP_CHANGED, reason=DisruptionReason.OTHER
    )
    return SetupRepair(operation_id="create_disruption", path="/v1/disruptions", body=body, base_version=week.version)


class SetupChangesLogic:
    """Changes the setup of sites from a week on; nothing published changes by it but seats that nobody has."""

    def __init__(
        self,
        db: UnitOfWork,
        *,
        collisions: SetupCollisionsReader,
        versions: SetupVersionsLogic,
        sites: SitesLogic,
        practitioners: PractitionersLogic,
        group_offerings: GroupOfferingsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._collisions = collisions
        self._versions = versions
        self._sites = sites
        self._practitioners = practitioners
        self._group_offerings = group_offerings
        self._clock = clock

    async def change_site(
        self, site_id: SiteId, request: SiteRequest, expected_version: int, effective_on: date | None
    ) -> ChangedSite:
        """Set a site up otherwise.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `SitesLogic.replace` does.
            InvalidRequestError: The change is to count from a day on that is no Monday, or past.
        """
        before = await self._before(site_id, effective_on)
        site = await self._sites.replace(site_id, request, expected_version)
        await self._keep(before, before.site, site)
        return ChangedSite(site=site, effective_on=before.effective_on, collisions=await before.collisions())

    async def change_room(
        self, site_id: SiteId, room_id: RoomId, request: RoomRequest, expected_version: int, effective_on: date | None
    ) -> ChangedRoom:
        """Set a room up otherwise, or end it; of a smaller one no more seats are given than it has.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `SitesLogic.replace_room` does.
            InvalidRequestError: The change is to count from a day on that is no Monday, or past.
        """
        before = await self._before(site_id, effective_on)
        room = await self._sites.replace_room(site_id, room_id, request, expected_version)
        await self._keep(before, before.room(room_id), room)
        held = [session.id for session in before.sessions() if session.room_id == room_id]
        await storage.limit_seats(self._db, held, room.capacity)
        await self._give_again(before)
        return ChangedRoom(room=room, effective_on=before.effective_on, collisions=await before.collisions())

    async def change_practitioner(
        self,
        site_id: SiteId,
        practitioner_id: PractitionerId,
        request: PractitionerRequest,
        expected_version: int,
        effective_on: date | None,
    ) -> ChangedPractitioner:
        """Set a practitioner up otherwise, or end the time at the site.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `PractitionersLogic.replace` does.
            InvalidRequestError: The change is to count from a day on that is no Monday, or past.
        """
        before = await self._before(site_id, effective_on)
        changed = await self._practitioners.replace(site_id, practitioner_id, request, expected_version)
        await self._keep(before, before.practitioner(practitioner_id), changed)
        return ChangedPractitioner(
            practitioner=changed, effective_on=before.effective_on, collisions=await before.collisions()
        )

    async def change_group_offering(
        self,
        site_id: SiteId,
        group_offering_id: GroupOfferingId,
        request: GroupOfferingRequest,
        expected_version: int,
        effective_on: date | None,
    ) -> ChangedGroupOffering:
        """Give a kind of group other sizes, or end it; no more seats are given than it has by then.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `GroupOfferingsLogic.replace` does.
            InvalidRequestError: The change is to count from a day on that is no Monday, or past.
        """
        before = await self._before(site_id, effective_on)
        offering = await self._group_offerings.replace(site_id, group_offering_id, request, expected_version)
        await self._keep(before, before.group_offering(group_offering_id), offering)
        alone = min(offering.maximum_size, offering.co_facilitator_above)
        for is_led_alone, most in ((True, alone), (False, offering.maximum_size)):
            held = [
                session.id
                for session in before.sessions(group_offering_id)
                if (session.co_facilitator_id is None) is is_led_alone
            ]
            await storage.limit_seats(self._db, held, most)
        await self._give_again(before)
        return ChangedGroupOffering(
            group_offering=offering, effective_on=before.effective_on, collisions=await before.collisions()
        )

    async def _keep(self, before: "_Before", old: Part, new: Part) -> None:
        before.effective_on = counts_from(old, new, before.versions(old), before.effective_on)
        await self._versions.keep(before.site.id, old, new, before.effective_on)

    async def _give_again(self, before: "_Before") -> None:
        """Give the seats back that the setup kept from published groups, and keeps no more."""
        after = await self._collisions.history(before.site.id)
        for week in before.weeks():
            monday = week.grid.monday
            then, now = before.setup(monday), after.in_week(monday)
            if sizes_of(then) == sizes_of(now) or week.version == 0:
                continue
            planned = await self._collisions.planned(before.site.id, monday)
            groups = [session for session in before.ahead(week) if session.id in week.kinds]
            for seats, found in given_again(groups, week.kinds, then, now, planned).items():
                await storage.give_again(self._db, found, *seats)

    async def _before(self, site_id: SiteId, effective_on: date | None) -> "_Before":
        # Who publishes a week holds the site's row too: one of the two sees what the other does.
        await self._sites.lock(site_id)
        history = await self._collisions.history(site_id)
        site, now = history.newest.site, self._clock.now()
        monday = effective_week(effective_on, self._clock.today(ZoneInfo(site.zone)))
        weeks = await self._collisions.weeks(site)
        return _Before(
            self._collisions,
            history=history,
            weeks=weeks,
            faults=await self._collisions.faults(weeks, history),
            effective_on=monday,
            now=now,
        )


class _Before:
    """A site's setup and its booked weeks as they were before a change that counts from a week on."""

    def __init__(
        self,
        reader: SetupCollisionsReader,
        *,
        history: SetupHistory,
        weeks: Sequence[BookedWeek],
        faults: _Faults,
        effective_on: date,
        now: datetime,
    ) -> None:
        self._reader = reader
        self._history = history
        self._weeks = weeks
        self._faults = faults
        self.effective_on = effective_on
        self._now = now

    @property
    def site(self) -> Site:
        """The site as it was."""
        return self._history.newest.site

    def versions(self, part: Part) -> Sequence[SetupVersion]:
        """Return the versions of a part, if it was ever changed."""
        return self._history.versions.get(part.id, ())

    def room(self, room_id: RoomId) -> Room:
        """Return a room of the site as it was."""
        return next(one for one in self._history.newest.rooms if one.id == room_id)

    def practitioner(self, practitioner_id: PractitionerId) -> Practitioner:
        """Return a practitioner of the site as it was."""
        return next(one for one in self._history.newest.practitioners if one.id == practitioner_id)

    def group_offering(self, group_offering_id: GroupOfferingId) -> GroupOffering:
        """Return a kind of group of the site as it was."""
        return next(one for one in self._history.newest.offerings if one.id == group_offering_id)

    def setup(self, monday: date) -> SiteSetup:
        """Return how the site was set up in a week."""
        return self._history.in_week(monday)

    def weeks(self) -> list[BookedWeek]:
        """Return the booked weeks for which the change counts."""
        return [week for week in self._weeks if week.grid.monday >= self.effective_on]

    def ahead(self, week: BookedWeek) -> list[Appointment]:
        """Return the sessions of a week that have not begun."""
        return [session for session in week.sessions if session.start > self._now]

    def sessions(self, kind: GroupOfferingId | None = None) -> Iterable[Appointment]:
        """Yield the booked sessions for which the change counts and that have not begun, of all kinds or of one."""
        return (
            session
            for week in self.weeks()
            for session in self.ahead(week)
            if kind is None or week.kinds.get(session.id) == kind
        )

    async def collisions(self) -> SetupCollisions:
        """Return what does not fit by now and did before."""
        faults = await self._reader.faults(self._weeks, await self._reader.history(self.site.id))
        new = {one: broken - self._faults.get(one, frozenset()) for one, broken in faults.items()}
        return collisions_of(self._weeks, self.site.id, {one: broken for one, broken in new.items() if broken})
