"""What is allowed with the setup of sites once it is there: it is changed and ended, and says what that breaks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
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
from services.contracts.scheduler.sites import GroupOfferingRequest, PractitionerRequest, RoomRequest, SiteRequest
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.appointments.logic import AppointmentsReader
from services.scheduler.disruptions.outages import OutagesReader
from services.scheduler.group_offerings.logic import GroupOfferingsLogic
from services.scheduler.practitioners.logic import PractitionersLogic
from services.scheduler.setup_changes import storage
from services.scheduler.setup_changes.rules import BookedWeek, faults_of, kinds_of
from services.scheduler.sites.logic import SitesLogic
from services.scheduler.solves.rules import SiteSetup
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.timetables.logic import TimetablesReader
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
        clock: Clock,
    ) -> None:
        self._read = read
        self._setups = setups
        self._appointments = appointments
        self._timetables = timetables
        self._outages = outages
        self._clock = clock

    async def of_site(self, site_id: SiteId) -> SetupCollisions:
        """Return what does not fit as things stand.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        setup = await self._setups.of(site_id)
        weeks = await self.weeks(setup)
        return collisions_of(weeks, setup, self.faults(weeks, setup))

    async def setup(self, site_id: SiteId) -> SiteSetup:
        """Return how a site is set up.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return await self._setups.of(site_id)

    async def weeks(self, setup: SiteSetup) -> list[BookedWeek]:
        """Return every week of a site with a session that has not begun."""
        site, zone = setup.site, ZoneInfo(setup.site.zone)
        weeks: list[BookedWeek] = []
        for monday in await storage.weeks_ahead(self._read, site.id, self._clock.now()):
            grid = WeekGrid(zone, monday)
            sessions = await self._appointments.all_of_week(site.id, monday)
            version, document = await self._timetables.current_document(site.id, monday)
            hours = await self._outages.changed_hours(site.id, grid)
            weeks.append(BookedWeek(grid, version, sessions, kinds_of(document, sessions, grid), hours))
        return weeks

    def faults(self, weeks: Iterable[BookedWeek], setup: SiteSetup) -> _Faults:
        """Return what of the sessions that have not begun does not fit a setup."""
        now, found = self._clock.now(), defaultdict[AppointmentId, set[SetupFault]](set)
        for week in weeks:
            for session, fault in faults_of(week, setup):
                if session.start > now:
                    found[session.id].add(fault)
        return {appointment_id: frozenset(faults) for appointment_id, faults in found.items()}


def collisions_of(weeks: Iterable[BookedWeek], setup: SiteSetup, faults: _Faults) -> SetupCollisions:
    """Write down the faults of sessions, in order of time, and how to repair their weeks."""
    told: list[SetupCollision] = []
    people: set[object] = set()
    repairs: list[SetupRepair] = []
    for week in weeks:
        broken = [session for session in week.sessions if session.id in faults]
        told += [_collision(session, faults[session.id], week.grid) for session in broken]
        people.update(patient_id for session in broken for patient_id in session.patient_ids)
        if broken and week.version > 0:
            repairs.append(_repair(setup.site.id, week))
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
    """Changes the setup of sites; nothing that is published changes by it but seats that nobody has."""

    def __init__(
        self,
        db: UnitOfWork,
        *,
        collisions: SetupCollisionsReader,
        sites: SitesLogic,
        practitioners: PractitionersLogic,
        group_offerings: GroupOfferingsLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._collisions = collisions
        self._sites = sites
        self._practitioners = practitioners
        self._group_offerings = group_offerings
        self._clock = clock

    async def change_site(self, site_id: SiteId, request: SiteRequest, expected_version: int) -> ChangedSite:
        """Set a site up otherwise.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `SitesLogic.replace` does.
        """
        before = await self._before(site_id)
        site = await self._sites.replace(site_id, request, expected_version)
        return ChangedSite(site=site, collisions=await before.collisions())

    async def change_room(
        self, site_id: SiteId, room_id: RoomId, request: RoomRequest, expected_version: int
    ) -> ChangedRoom:
        """Set a room up otherwise, or end it; of a smaller one no more seats are given than it has.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `SitesLogic.replace_room` does.
        """
        before = await self._before(site_id)
        room = await self._sites.replace_room(site_id, room_id, request, expected_version)
        held = [session.id for session in before.sessions() if session.room_id == room_id]
        await storage.limit_seats(self._db, held, room.capacity)
        return ChangedRoom(room=room, collisions=await before.collisions())

    async def change_practitioner(
        self, site_id: SiteId, practitioner_id: PractitionerId, request: PractitionerRequest, expected_version: int
    ) -> ChangedPractitioner:
        """Set a practitioner up otherwise, or end the time at the site.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `PractitionersLogic.replace` does.
        """
        before = await self._before(site_id)
        changed = await self._practitioners.replace(site_id, practitioner_id, request, expected_version)
        return ChangedPractitioner(practitioner=changed, collisions=await before.collisions())

    async def change_group_offering(
        self, site_id: SiteId, group_offering_id: GroupOfferingId, request: GroupOfferingRequest, expected_version: int
    ) -> ChangedGroupOffering:
        """Give a kind of group other sizes, or end it; no more seats are given than it has by then.

        Raises:
            NotFoundError, StaleVersionError, InvalidRequestError: As `GroupOfferingsLogic.replace` does.
        """
        before = await self._before(site_id)
        offering = await self._group_offerings.replace(site_id, group_offering_id, request, expected_version)
        alone = min(offering.maximum_size, offering.co_facilitator_above)
        for is_led_alone, most in ((True, alone), (False, offering.maximum_size)):
            held = [
                session.id
                for session in before.sessions(group_offering_id)
                if (session.co_facilitator_id is None) is is_led_alone
            ]
            await storage.limit_seats(self._db, held, most)
        return ChangedGroupOffering(group_offering=offering, collisions=await before.collisions())

    async def _before(self, site_id: SiteId) -> "_Before":
        # Who publishes a week holds the site's row too: one of the two sees what the other does.
        await self._sites.lock(site_id)
        setup = await self._collisions.setup(site_id)
        return _Before(self._collisions, setup, await self._collisions.weeks(setup), self._clock.now())


class _Before:
    """A site's setup and its booked weeks as they were before a change."""

    def __init__(self, reader: SetupCollisionsReader, setup: SiteSetup, weeks: list[BookedWeek], now: datetime) -> None:
        self._reader = reader
        self._now = now
        self._weeks = weeks
        self._site_id = setup.site.id
        self._faults = reader.faults(weeks, setup)

    def sessions(self, kind: GroupOfferingId | None = None) -> Iterable[Appointment]:
        """Yield the booked sessions that have not begun, of all kinds or of one."""
        return (
            session
            for week in self._weeks
            for session in week.sessions
            if session.start > self._now and (kind is None or week.kinds.get(session.id) == kind)
        )

    async def collisions(self) -> SetupCollisions:
        """Return what does not fit by now and did before."""
        setup = await self._reader.setup(self._site_id)
        faults = self._reader.faults(self._weeks, setup)
        new = {one: broken - self._faults.get(one, frozenset()) for one, broken in faults.items()}
        return collisions_of(self._weeks, setup, {one: broken for one, broken in new.items() if broken})
