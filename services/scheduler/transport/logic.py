"""What is allowed with transport."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.transport import (
    Ride,
    RideChange,
    RideRequest,
    Run,
    RunRequest,
    RunRides,
    RunSheet,
    Vehicle,
    VehicleRequest,
)
from services.scheduler.reach import CallersReach
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.transport import storage
from services.scheduler.transport.errors import RideBookedError, RunDoesNotServeError, RunFullError, VehicleBusyError
from services.scheduler.transport.rules import refusal, stop_within

_DAY = timedelta(days=1)


class TransportReader:
    """Reads vehicles and runs."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def vehicle(self, vehicle_id: VehicleId) -> Vehicle:
        """Return a vehicle.

        Raises:
            NotFoundError: There is no such vehicle in the caller's organization.
        """
        vehicle = await storage.find_vehicle(self._read, vehicle_id)
        if vehicle is None:
            raise NotFoundError
        return vehicle

    async def page_of_vehicles(self, site_id: SiteId, page: PageRequest) -> Page[Vehicle]:
        """Return a page of a site's vehicles.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page_of_vehicles(self._read, site_id, page))

    async def run(self, run_id: RunId) -> Run:
        """Return a run, with the site's offset.

        Raises:
            NotFoundError: There is no such run in the caller's organization.
        """
        run = await storage.find_run(self._read, run_id)
        if run is None:
            raise NotFoundError
        return _in_zone(run, await self._zone(run.site_id))

    async def page_of_runs(self, site_id: SiteId, day: date, page: PageRequest) -> Page[Run]:
        """Return a page of the runs that start on a day of the site's zone, the one first planned first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = await self._zone(site_id)
        begin, until = (datetime.combine(one, time(), zone) for one in (day, day + _DAY))
        found = await storage.page_of_runs(self._read, site_id, begin, until, page)
        return page.page([_in_zone(run, zone) for run in found])

    async def sheet(self, run_id: RunId) -> RunSheet:
        """Return what the driver of a run needs to know, and nothing else.

        Raises:
            NotFoundError: There is no such run in the caller's organization.
        """
        run = await self.run(run_id)
        zone = await self._zone(run.site_id)
        stops = [
            stop.model_copy(update={"at": stop.at.astimezone(zone)}) for stop in await storage.stops(self._read, run_id)
        ]
        return RunSheet(run_id=run.id, direction=run.direction, start=run.start, end=run.end, stops=stops)

    async def rides(self, run_id: RunId, reach: CallersReach) -> RunRides:
        """Return who has a seat on a run, in order of stops, with the site's offset.

        Where somebody is picked up is near where they live: it is told of those whom the caller treats.

        Raises:
            NotFoundError: There is no such run in the caller's organization.
            UpstreamUnavailableError: Records does not answer.
        """
        zone = await self._zone((await self.run(run_id)).site_id)
        found = await storage.rides_of(self._read, run_id)
        seen = await reach.among((ride.patient_id for ride in found), Information.DEMOGRAPHICS)
        shown = [ride for ride in found if ride.patient_id in seen]
        return RunRides(items=[ride.model_copy(update={"stop_at": ride.stop_at.astimezone(zone)}) for ride in shown])

    async def rider(self, ride_id: RideId) -> PatientId:
        """Return who has a seat on a run; the caller asks whether it may be told.

        Raises:
            NotFoundError: There is no such ride in the caller's organization.
        """
        patient_id = await storage.rider(self._read, ride_id)
        if patient_id is None:
            raise NotFoundError
        return patient_id

    async def _zone(self, site_id: SiteId) -> ZoneInfo:
        return ZoneInfo((await self._sites.get(site_id)).zone)


def _in_zone(run: Run, zone: ZoneInfo) -> Run:
    return run.model_copy(update={"start": run.start.astimezone(zone), "end": run.end.astimezone(zone)})


class TransportLogic:
    """Plans runs and gives seats on them."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: TransportReader,
        sites: SitesReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._sites = sites
        self._clock = clock

    async def create_vehicle(self, site_id: SiteId, request: VehicleRequest) -> Vehicle:
        """Make a vehicle of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        now = self._clock.now()
        vehicle = Vehicle(id=VehicleId(fresh_id(now)), site_id=site_id, **request.model_dump())
        await storage.insert_vehicle(self._db, self._organization_id, vehicle, now)
        return vehicle

    async def create_run(self, vehicle_id: VehicleId, request: RunRequest) -> Run:
        """Plan a run of a vehicle.

        Raises:
            NotFoundError: There is no such vehicle in the caller's organization.
            InvalidRequestError: It would have begun.
            VehicleBusyError: The vehicle makes another run then.
        """
        vehicle = await self._reader.vehicle(vehicle_id)
        now = self._clock.now()
        if request.start <= now:
            raise InvalidRequestError("/start", "must lie ahead")
        run = Run(
            id=RunId(fresh_id(now)),
            site_id=vehicle.site_id,
            vehicle_id=vehicle.id,
            seats=vehicle.seats,
            taken=0,
            **request.model_dump(),
        )
        if not await storage.insert_run(self._db, self._organization_id, run, now):
            raise VehicleBusyError
        return await self._reader.run(run.id)

    async def book_ride(self, run_id: RunId, request: RideRequest, reach: CallersReach) -> Ride:
        """Give a patient a seat on a run before or after a session that the patient is booked into.

        Raises:
            NotFoundError: There is no such run or session here, or the patient has no booked seat in it, or is nobody
                whom the caller treats.
            RunDoesNotServeError: The run does not go with the session.
            RideBookedError: The patient has a seat on the run.
            RunFullError: No seat is free.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await reach.require_to_change(request.patient_id, Information.DEMOGRAPHICS)
        visit = await storage.hold_visit(self._db, request.appointment_id, request.patient_id)
        run = await self._reader.run(run_id)
        if visit is None:
            raise NotFoundError
        now = self._clock.now()
        refused = refusal(run, visit, request.stop_at, now)
        if refused is not None:
            raise RunDoesNotServeError(*refused)
        if not await storage.hold_run(self._db, run_id):
            raise NotFoundError
        taken = await storage.seats_taken(self._db, run_id)
        if request.patient_id in taken.values():
            raise RideBookedError
        free = next((seat for seat in range(1, run.seats + 1) if seat not in taken), None)
        if free is None:
            raise RunFullError
        ride = Ride(id=RideId(fresh_id(now)), run_id=run_id, **request.model_dump())
        await storage.insert_ride(self._db, self._organization_id, ride, seat=free, seats=run.seats, now=now)
        return ride

    async def set_stop(self, ride_id: RideId, request: RideChange, reach: CallersReach) -> Ride:
        """Say where and when a patient is picked up, or is home again.

        Raises:
            NotFoundError: There is no such ride here, or the patient is nobody whom the caller treats.
            RunDoesNotServeError: The stop is not within the run.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await self._require_rider(ride_id, reach)
        ride = await storage.set_stop(self._db, ride_id, request)
        if ride is None:
            raise NotFoundError
        is_within, code, sentence = stop_within(await self._reader.run(ride.run_id), request.stop_at)
        if not is_within:
            raise RunDoesNotServeError(code, sentence)
        return ride

    async def free(self, appointment_id: AppointmentId) -> None:
        """Give back every seat on the way to a session and home from it: nobody goes there any more."""
        await storage.delete_rides_of(self._db, appointment_id)

    async def cancel_ride(self, ride_id: RideId, reach: CallersReach) -> None:
        """Give a seat on a run back; the seat in the session stays.

        Raises:
            NotFoundError: There is no such ride here, or the patient is nobody whom the caller treats.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        await self._require_rider(ride_id, reach)
        if not await storage.delete_ride(self._db, ride_id):
            raise NotFoundError

    async def _require_rider(self, ride_id: RideId, reach: CallersReach) -> None:
        patient_id = await self._reader.rider(ride_id)
        await reach.require_to_change(patient_id, Information.DEMOGRAPHICS)
