"""Where vehicles, runs and rides are kept."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import TIMESTAMP, Integer, Uuid, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.scheduler.transport import Ride, RideChange, Run, Stop, Vehicle
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.transport.facts import Visit
from services.scheduler.transport.tables import RideRow, RunRow, VehicleRow

_INSTANT: Final = TIMESTAMP(timezone=True)
_AFTER: Final = bindparam("after", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_VEHICLE: Final = (VehicleRow.id, VehicleRow.site_id, VehicleRow.name, VehicleRow.seats)
_ONE_VEHICLE: Final = Query(select(*_VEHICLE).where(VehicleRow.id == bindparam("vehicle_id", type_=Uuid)))
_VEHICLES: Final = Query(
    select(*_VEHICLE)
    .where(VehicleRow.site_id == _SITE_ID, VehicleRow.id > _AFTER)
    .order_by(VehicleRow.id)
    .limit(_LIMIT)
)
_TAKEN: Final = (
    select(func.count())
    .where(RideRow.organization_id == RunRow.organization_id, RideRow.run_id == RunRow.id, RideRow.booked)
    .scalar_subquery()
)
_RUN: Final = select(
    RunRow.id,
    RunRow.site_id,
    RunRow.vehicle_id,
    RunRow.direction,
    func.lower(RunRow.during).label("start"),
    func.upper(RunRow.during).label("end"),
    RunRow.seats,
    _TAKEN.label("taken"),
)
_ONE_RUN: Final = Query(_RUN.where(RunRow.id == bindparam("run_id", type_=Uuid)))
_RUNS: Final = Query(
    _RUN.where(
        RunRow.site_id == _SITE_ID,
        func.lower(RunRow.during) >= bindparam("begin", type_=_INSTANT),
        func.lower(RunRow.during) < bindparam("until", type_=_INSTANT),
        RunRow.id > _AFTER,
    )
    .order_by(RunRow.id)
    .limit(_LIMIT)
)
_RUNS_BETWEEN: Final = Query(
    _RUN.where(
        RunRow.site_id == _SITE_ID,
        func.lower(RunRow.during) >= bindparam("begin", type_=_INSTANT),
        func.lower(RunRow.during) < bindparam("until", type_=_INSTANT),
    ).order_by(RunRow.id)
)
_ON_SITE: Final = and_(
    AppointmentRow.organization_id == RideRow.organization_id,
    AppointmentRow.id == RideRow.appointment_id,
    AppointmentRow.modality == Modality.ON_SITE.value,
)
_STOPS: Final = Query(
    select(RideRow.stop_at.label("at"), RideRow.area, func.count().label("people"))
    .join(AppointmentRow, _ON_SITE)
    .where(RideRow.run_id == bindparam("run_id", type_=Uuid), RideRow.booked)
    .group_by(RideRow.stop_at, RideRow.area)
    .order_by(RideRow.stop_at, RideRow.area)
)
_RIDE: Final = (
    RideRow.id,
    RideRow.run_id,
    RideRow.appointment_id,
    RideRow.patient_id,
    RideRow.stop_at,
    RideRow.area,
)
_RIDES: Final = Query(
    select(*_RIDE)
    .where(RideRow.run_id == bindparam("run_id", type_=Uuid), RideRow.booked)
    .order_by(RideRow.stop_at, RideRow.id)
)
_RIDER: Final = Query(select(RideRow.patient_id).where(RideRow.id == bindparam("ride_id", type_=Uuid)))
_VISIT: Final = (
    select(
        AppointmentRow.site_id,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
    )
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(
        AppointmentRow.id == bindparam("appointment_id", type_=Uuid),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid),
        AppointmentPatientRow.booked,
        AppointmentPatientRow.held_until.is_(None),
    )
    .with_for_update(key_share=True, of=AppointmentRow)
)


async def insert_vehicle(db: AsyncSession, organization_id: OrganizationId, vehicle: Vehicle, now: datetime) -> None:
    """Keep a vehicle of a site that exists."""
    await db.execute(insert(VehicleRow).values(organization_id=organization_id, created_at=now, **vehicle.model_dump()))


async def find_vehicle(read: Read, vehicle_id: VehicleId) -> Vehicle | None:
    """Fetch one vehicle."""
    row = await read.one_or_none(_ONE_VEHICLE, vehicle_id=vehicle_id)
    return None if row is None else Vehicle(**row)


async def page_of_vehicles(read: Read, site_id: SiteId, page: PageRequest) -> list[Vehicle]:
    """Fetch a page of a site's vehicles, and one more where there is one."""
    rows = await read.all(_VEHICLES, site_id=site_id, after=page.after, limit=page.limit)
    return [Vehicle(**row) for row in rows]


async def insert_run(db: AsyncSession, organization_id: OrganizationId, run: Run, now: datetime) -> bool:
    """Keep a run; says no where its vehicle makes another one then."""
    values: dict[str, Any] = run.model_dump(exclude={"start", "end", "taken"})
    values |= {"organization_id": organization_id, "during": Range(run.start, run.end), "created_at": now}
    return await db.scalar(upsert(RunRow).values(values).on_conflict_do_nothing().returning(RunRow.id)) is not None


async def find_run(read: Read, run_id: RunId) -> Run | None:
    """Fetch one run; times are in UTC."""
    row = await read.one_or_none(_ONE_RUN, run_id=run_id)
    return None if row is None else Run(**row)


async def hold_run(db: AsyncSession, run_id: RunId) -> bool:
    """Let nobody else take a seat of a run until the transaction ends; says whether there is one, now that it is held.

    A run that was read before may be gone: its vehicle has been taken out meanwhile.
    """
    held = select(RunRow.id).where(RunRow.id == run_id).with_for_update(key_share=True)
    return await db.scalar(held) is not None


async def page_of_runs(read: Read, site_id: SiteId, begin: datetime, until: datetime, page: PageRequest) -> list[Run]:
    """Fetch a page of the runs that start within a span, and one more where there is one; times are in UTC."""
    rows = await read.all(_RUNS, site_id=site_id, begin=begin, until=until, after=page.after, limit=page.limit)
    return [Run(**row) for row in rows]


async def runs_between(read: Read, site_id: SiteId, begin: datetime, until: datetime) -> list[Run]:
    """Fetch the runs that start within a span; times are in UTC."""
    return [Run(**row) for row in await read.all(_RUNS_BETWEEN, site_id=site_id, begin=begin, until=until)]


async def stops(read: Read, run_id: RunId) -> list[Stop]:
    """Fetch where a run stops, in order of time; who has no way to go any more is not counted."""
    return [Stop(**row) for row in await read.all(_STOPS, run_id=run_id)]


async def rides_of(read: Read, run_id: RunId) -> list[Ride]:
    """Fetch who has a seat on a run, in order of stops; times are in UTC."""
    return [Ride(**row) for row in await read.all(_RIDES, run_id=run_id)]


async def rider(read: Read, ride_id: RideId) -> PatientId | None:
    """Fetch whose ride it is."""
    row = await read.one_or_none(_RIDER, ride_id=ride_id)
    return None if row is None else PatientId(row["patient_id"])


async def set_stop(db: AsyncSession, ride_id: RideId, change: RideChange) -> Ride | None:
    """Keep where and when a ride stops; None where there is no such ride that anybody takes."""
    changed = await db.execute(
        update(RideRow)
        .where(RideRow.id == ride_id, RideRow.booked)
        .values(stop_at=change.stop_at, area=change.area)
        .returning(*_RIDE)
        .execution_options(synchronize_session=False)
    )
    row = changed.mappings().one_or_none()
    return None if row is None else Ride(**row)


async def hold_visit(db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId) -> Visit | None:
    """Fetch a session that a patient is booked into, and hold it until the transaction ends."""
    row = (await db.execute(_VISIT, {"appointment_id": appointment_id, "patient_id": patient_id})).one_or_none()
    return None if row is None else Visit(SiteId(row.site_id), Modality(row.modality), row.start, row.end)


async def seats_taken(db: AsyncSession, run_id: RunId) -> dict[int, PatientId]:
    """Fetch which numbered seats of a run are taken, and by whom."""
    rows = await db.execute(select(RideRow.seat, RideRow.patient_id).where(RideRow.run_id == run_id, RideRow.booked))
    return {seat: PatientId(patient_id) for seat, patient_id in rows}


async def insert_ride(
    db: AsyncSession, organization_id: OrganizationId, ride: Ride, *, seat: int, seats: int, now: datetime
) -> None:
    """Give a numbered seat of a run that this transaction holds."""
    values: dict[str, Any] = ride.model_dump()
    values |= {"organization_id": organization_id, "seats": seats, "seat": seat, "booked": True, "created_at": now}
    await db.execute(insert(RideRow).values(values))


async def delete_rides_of(db: AsyncSession, appointment_id: AppointmentId) -> None:
    """Give back every seat that goes with a session."""
    await db.execute(delete(RideRow).where(RideRow.appointment_id == appointment_id))


async def delete_ride(db: AsyncSession, ride_id: RideId) -> bool:
    """Give a seat back; says whether there was one."""
    return await db.scalar(delete(RideRow).where(RideRow.id == ride_id).returning(RideRow.id)) is not None
