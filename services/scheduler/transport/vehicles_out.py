"""What is allowed when a vehicle is out: its riders go on other runs as far as there are seats, and are told."""

from collections.abc import Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import ContentionError, InvalidRequestError
from services.contracts.disclosure import Information
from services.contracts.identifiers import RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.transport import Ride, VehicleOut, VehicleOutRequest
from services.contracts.vocabulary import Modality
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.reach import CallersReach
from services.scheduler.transport import riding_storage
from services.scheduler.transport.facts import LostSeat, TakenSeat
from services.scheduler.transport.logic import TransportReader
from services.scheduler.transport.riding import RidesLogic, RidesReader, Span


class VehiclesOut:
    """Takes a vehicle out of the days ahead."""

    def __init__(
        self,
        db: UnitOfWork,
        read: Read,
        *,
        reader: TransportReader,
        rides_reader: RidesReader,
        rides: RidesLogic,
        announcements: Announcements,
        clock: Clock,
    ) -> None:
        self._db = db
        self._read = read
        self._reader = reader
        self._rides_reader = rides_reader
        self._rides = rides
        self._announcements = announcements
        self._clock = clock

    async def take_out(self, vehicle_id: VehicleId, request: VehicleOutRequest, reach: CallersReach) -> VehicleOut:
        """Let a vehicle make none of its runs that meet an interval and have not begun; sessions stay booked.

        Where somebody is picked up is near where they live: it is told of those whom the caller treats.

        Raises:
            NotFoundError: There is no such vehicle in the caller's organization.
            InvalidRequestError: The interval has begun: who is on the way cannot be put on another run.
            ContentionError: Somebody got a seat on one of them meanwhile, or a run was planned for another day.
            UpstreamUnavailableError: Records does not say whom the caller treats.
        """
        vehicle = await self._reader.vehicle(vehicle_id)
        now = self._clock.now()
        if request.start <= now:
            raise InvalidRequestError("/start", "must lie ahead")
        zone = await self._rides_reader.zone(vehicle.site_id)
        asked = (self._db, vehicle_id, request.start, request.end, now)
        known = await riding_storage.runs_of(*asked)
        if not known:
            return VehicleOut(vehicle_id=vehicle_id, run_ids=[], rides=[], missing_rides=[])
        # Records is asked before anything is held: nobody waits for a network call of somebody else.
        riders = {one.patient_id for one in await riding_storage.lost_with(self._db, known)}
        seen = await reach.among(riders, Information.DEMOGRAPHICS)
        # Every lock that new seats may need, in the order in which everybody takes them: those of the vehicle after.
        days = _days_of(known, zone)
        span = Span.around((instant for times in known.values() for instant in times), zone)
        await riding_storage.hold_sessions(self._db, vehicle.site_id, days)
        await riding_storage.hold_runs(self._db, vehicle.site_id, span.begin, span.until)
        runs = await riding_storage.runs_of(*asked, hold=True)
        lost = await riding_storage.lost_with(self._db, runs)
        if not (_days_of(runs, zone) <= days and {one.patient_id for one in lost} <= riders):
            raise ContentionError
        await riding_storage.delete_runs(self._db, runs)
        found = await self._rides.replace(vehicle.site_id, span, lost)
        if request.notify:
            for one in lost:
                telling = _telling(vehicle.site_id, one, found.seats.get(one.ride_id))
                await self._announcements.tell([telling], f"ride:{one.ride_id}")
        shown = {seat.ride_id for seat in found.seats.values() if seat.patient_id in seen}
        missing = [leg for leg in found.missing if leg.stay.patient_id in seen]
        left = (await self._rides_reader.facts(vehicle.site_id, (), span)).runs if missing else []
        return VehicleOut(
            vehicle_id=vehicle_id,
            run_ids=list(runs),
            rides=await self._named(shown, zone),
            missing_rides=self._rides_reader.told(missing, left, zone),
        )

    async def _named(self, named: Collection[RideId], zone: ZoneInfo) -> list[Ride]:
        rides = await riding_storage.rides_named(self._read, named)
        return [ride.model_copy(update={"stop_at": ride.stop_at.astimezone(zone)}) for ride in rides]


def _days_of(runs: Mapping[RunId, tuple[datetime, datetime]], zone: ZoneInfo) -> set[tuple[datetime, datetime]]:
    """Return the days on which these begin and end: those of the sessions that they bring people to."""
    spans = (Span.around([instant], zone) for times in runs.values() for instant in times)
    return {(span.begin, span.until) for span in spans}


def _telling(site_id: SiteId, lost: LostSeat, seat: TakenSeat | None) -> Telling:
    kind = NoticeKind.RIDE_CANCELLED if seat is None else NoticeKind.RIDE_CHANGED
    after = None if seat is None else Sitting(seat.start, seat.end, Modality.ON_SITE)
    before = Sitting(lost.at, lost.until, Modality.ON_SITE)
    return Telling(lost.patient_id, kind, NoticeFacts(site_id, lost.appointment_id, before=before, after=after))
