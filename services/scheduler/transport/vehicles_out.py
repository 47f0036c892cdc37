"""What is allowed when a vehicle is out: its riders go on other runs as far as there are seats, and are told."""

from collections.abc import Collection, Iterable
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import PatientId, SiteId, VehicleId
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.transport import MissingRide, Ride, RunDirection, VehicleOut, VehicleOutRequest
from services.contracts.vocabulary import Modality
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.tellings import Telling
from services.scheduler.transport import riding_storage
from services.scheduler.transport.facts import LostSeat, TakenSeat
from services.scheduler.transport.logic import TransportReader
from services.scheduler.transport.riding import RidesLogic, RidesReader, Span, Unsettled


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

    async def take_out(self, vehicle_id: VehicleId, request: VehicleOutRequest) -> VehicleOut:
        """Let a vehicle make none of its runs that meet an interval and have not begun; sessions stay booked.

        Raises:
            NotFoundError: There is no such vehicle in the caller's organization.
            InvalidRequestError: The interval has begun: who is on the way cannot be put on another run.
        """
        vehicle = await self._reader.vehicle(vehicle_id)
        now = self._clock.now()
        if request.start <= now:
            raise InvalidRequestError("/start", "must lie ahead")
        runs = await riding_storage.hold_runs_of(self._db, vehicle_id, request.start, request.end, now)
        lost = await riding_storage.lost_with(self._db, runs)
        await riding_storage.delete_runs(self._db, runs)
        new, missing = await self._brought(vehicle.site_id, lost)
        if request.notify:
            for one in lost:
                seat = next((seat for seat in new if one.is_replaced_by(seat)), None)
                await self._announcements.tell([_telling(vehicle.site_id, one, seat)], f"ride:{one.ride_id}")
        zone = await self._rides_reader.zone(vehicle.site_id)
        return VehicleOut(
            vehicle_id=vehicle_id, run_ids=runs, rides=await self._named(new, zone), missing_rides=missing
        )

    async def _brought(self, site_id: SiteId, lost: Collection[LostSeat]) -> tuple[list[TakenSeat], list[MissingRide]]:
        """Give everybody another seat for the way that is gone, where there is one; says who has one and who none."""
        if not lost:
            return [], []
        span = Span.around((one.at for one in lost), await self._rides_reader.zone(site_id))
        patients = {one.patient_id for one in lost}
        ways = {(one.appointment_id, one.direction) for one in lost}
        had = {seat.ride_id for seat in (await self._rides_reader.facts(site_id, patients, span)).seats}
        await self._rides.settle(Unsettled(site_id, span, patients, ways, _areas_of(lost)))
        seats = (await self._rides_reader.facts(site_id, patients, span)).seats
        missing = await self._rides_reader.missing(site_id, patients, span)
        return (
            [seat for seat in seats if seat.ride_id not in had],
            [one for one in missing if (one.appointment_id, one.direction) in ways],
        )

    async def _named(self, seats: Iterable[TakenSeat], zone: ZoneInfo) -> list[Ride]:
        rides = await riding_storage.rides_named(self._read, [seat.ride_id for seat in seats])
        return [ride.model_copy(update={"stop_at": ride.stop_at.astimezone(zone)}) for ride in rides]


def _areas_of(lost: Iterable[LostSeat]) -> dict[tuple[PatientId, RunDirection], str]:
    return {(one.patient_id, one.direction): one.area for one in lost if one.area is not None}


def _telling(site_id: SiteId, lost: LostSeat, seat: TakenSeat | None) -> Telling:
    kind = NoticeKind.RIDE_CANCELLED if seat is None else NoticeKind.RIDE_CHANGED
    after = None if seat is None else Sitting(seat.start, seat.end, Modality.ON_SITE)
    before = Sitting(lost.at, lost.until, Modality.ON_SITE)
    return Telling(lost.patient_id, kind, NoticeFacts(site_id, lost.appointment_id, before=before, after=after))
