"""Where it is found who needs a ride, who has one, and where seats are free."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ARRAY, TIMESTAMP, Uuid, and_, any_, bindparam, case, delete, func, insert, select
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range, distinct_on
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.scheduler.transport import NoRideReason, Ride, RunDirection
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.storing import fresh_id
from services.scheduler.transport.facts import Coming, LostSeat, TakenSeat
from services.scheduler.transport.tables import RideRow, RideWaiverRow, RunRow

_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_PATIENTS: Final = bindparam("patients", type_=ARRAY(Uuid))
_BEGIN: Final = bindparam("begin", type_=TIMESTAMP(timezone=True))
_UNTIL: Final = bindparam("until", type_=TIMESTAMP(timezone=True))
_WAIVED: Final = (
    select(RideWaiverRow.id)
    .where(
        RideWaiverRow.organization_id == AppointmentPatientRow.organization_id,
        RideWaiverRow.appointment_id == AppointmentPatientRow.appointment_id,
        RideWaiverRow.patient_id == AppointmentPatientRow.patient_id,
        RideWaiverRow.session_start == func.lower(AppointmentRow.during),
    )
    .exists()
)
_COMING: Final = Query(
    select(
        AppointmentPatientRow.patient_id,
        AppointmentRow.id.label("appointment_id"),
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        _WAIVED.label("is_waived"),
    )
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(
        AppointmentRow.site_id == _SITE_ID,
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentRow.modality == Modality.ON_SITE.value,
        func.lower(AppointmentRow.during) >= _BEGIN,
        func.lower(AppointmentRow.during) < _UNTIL,
        AppointmentPatientRow.patient_id == any_(_PATIENTS),
        AppointmentPatientRow.booked,
        AppointmentPatientRow.held_until.is_(None),
    )
)
_OF_A_RUN: Final = and_(RunRow.organization_id == RideRow.organization_id, RunRow.id == RideRow.run_id)
_SEATS: Final = Query(
    select(
        RideRow.id.label("ride_id"),
        RideRow.run_id,
        RideRow.patient_id,
        RideRow.appointment_id,
        RunRow.direction,
        func.lower(RunRow.during).label("start"),
        func.upper(RunRow.during).label("end"),
    )
    .join(RunRow, _OF_A_RUN)
    .where(
        RunRow.site_id == _SITE_ID,
        func.lower(RunRow.during) >= _BEGIN,
        func.lower(RunRow.during) < _UNTIL,
        RideRow.patient_id == any_(_PATIENTS),
        RideRow.booked,
    )
    .order_by(RideRow.id)
)
_RIDES_NAMED: Final = Query(
    select(RideRow.id, RideRow.run_id, RideRow.appointment_id, RideRow.patient_id, RideRow.stop_at, RideRow.area)
    .where(RideRow.id == any_(bindparam("rides", type_=ARRAY(Uuid))))
    .order_by(RideRow.stop_at, RideRow.id)
)
# Where somebody was picked up the last time is where they will be this time, until somebody says otherwise.
_AREAS: Final = Query(
    select(RideRow.patient_id, RunRow.direction, RideRow.area)
    .ext(distinct_on(RideRow.patient_id, RunRow.direction))
    .join(RunRow, _OF_A_RUN)
    .where(RunRow.site_id == _SITE_ID, RideRow.patient_id == any_(_PATIENTS), RideRow.area.is_not(None))
    .order_by(RideRow.patient_id, RunRow.direction, RideRow.id.desc())
)
_HOLD_SITE: Final = select(SiteRow.id).where(SiteRow.id == _SITE_ID).with_for_update(read=True, key_share=True)
_HOLD_SESSIONS: Final = (
    select(AppointmentRow.id)
    .where(
        AppointmentRow.site_id == _SITE_ID,
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        bindparam("days", type_=TSTZMULTIRANGE).op("@>", is_comparison=True)(func.lower(AppointmentRow.during)),
    )
    .order_by(AppointmentRow.id)
    .with_for_update(key_share=True)
)
_HOLD: Final = (
    select(RunRow.id)
    .where(RunRow.site_id == _SITE_ID, func.lower(RunRow.during) >= _BEGIN, func.lower(RunRow.during) < _UNTIL)
    .order_by(RunRow.id)
    .with_for_update(key_share=True)
)


async def hold_sessions(db: AsyncSession, site_id: SiteId, days: Collection[tuple[datetime, datetime]]) -> None:
    """Let nobody else change a site, nor the seats of its sessions that begin on some days.

    Whoever changes seats holds the site first, its sessions then, and the runs on the way to them last: so does who
    changes runs together with the seats on them.
    """
    await db.execute(_HOLD_SITE, {"site_id": site_id})
    spans = MultiRange(Range(begin, until) for begin, until in sorted(days))
    await db.execute(_HOLD_SESSIONS, {"site_id": site_id, "days": spans})


async def hold_runs(db: AsyncSession, site_id: SiteId, begin: datetime, until: datetime) -> None:
    """Let nobody else take a seat of the runs that begin within a span; all locks at once and in one order."""
    await db.execute(_HOLD, {"site_id": site_id, "begin": begin, "until": until})


async def coming(
    read: Read, site_id: SiteId, patients: Collection[PatientId], begin: datetime, until: datetime
) -> list[Coming]:
    """Fetch the sessions on site that these patients have within a span."""
    rows = await read.all(_COMING, site_id=site_id, patients=list(patients), begin=begin, until=until)
    return [Coming(**row) for row in rows]


async def seats(
    read: Read, site_id: SiteId, patients: Collection[PatientId], begin: datetime, until: datetime
) -> list[TakenSeat]:
    """Fetch which seats these patients have on runs that begin within a span."""
    rows = await read.all(_SEATS, site_id=site_id, patients=list(patients), begin=begin, until=until)
    return [TakenSeat(**{**row, "direction": RunDirection(row["direction"])}) for row in rows]


async def areas(
    read: Read, site_id: SiteId, patients: Collection[PatientId]
) -> dict[tuple[PatientId, RunDirection], str]:
    """Fetch where these patients were picked up, and let off, the last time."""
    rows = await read.all(_AREAS, site_id=site_id, patients=list(patients))
    return {(PatientId(row["patient_id"]), RunDirection(row["direction"])): row["area"] for row in rows}


async def riders_of(db: AsyncSession, appointments: Collection[AppointmentId]) -> set[PatientId]:
    """Fetch who has a seat on the way to or from one of these sessions."""
    found = select(RideRow.patient_id).where(RideRow.appointment_id.in_(appointments), RideRow.booked)
    return {PatientId(patient_id) for patient_id in await db.scalars(found)}


async def runs_of(
    db: AsyncSession, vehicle_id: VehicleId, begin: datetime, until: datetime, now: datetime, *, hold: bool = False
) -> dict[RunId, tuple[datetime, datetime]]:
    """Fetch when a vehicle's runs that meet a span and lie ahead begin and end, the first one first.

    Held, nobody takes a seat of them.
    """
    found = (
        select(RunRow.id, RunRow.during)
        .where(
            RunRow.vehicle_id == vehicle_id,
            func.lower(RunRow.during) > now,
            RunRow.during.op("&&")(bindparam("span", Range(begin, until), type_=TSTZRANGE)),
        )
        .order_by(func.lower(RunRow.during))
    )
    rows = await db.execute(found.with_for_update() if hold else found)
    return {RunId(row.id): (row.during.lower, row.during.upper) for row in rows}


async def lost_with(db: AsyncSession, runs: Collection[RunId]) -> list[LostSeat]:
    """Fetch the seats that people have on runs."""
    to_site = RunRow.direction == RunDirection.TO_SITE.value
    found = await db.execute(
        select(
            RideRow.id.label("ride_id"),
            RideRow.patient_id,
            RideRow.appointment_id,
            RunRow.direction,
            RideRow.area,
            case((to_site, RideRow.stop_at), else_=func.lower(RunRow.during)).label("at"),
            func.upper(RunRow.during).label("until"),
        )
        .join(RunRow, _OF_A_RUN)
        .where(RideRow.run_id.in_(runs), RideRow.booked)
        .order_by(RideRow.id)
    )
    return [LostSeat(**{**row, "direction": RunDirection(row["direction"])}) for row in found.mappings()]


async def delete_runs(db: AsyncSession, runs: Collection[RunId]) -> None:
    """Let runs be none, with every seat on them."""
    await db.execute(delete(RideRow).where(RideRow.run_id.in_(runs)).execution_options(synchronize_session=False))
    await db.execute(delete(RunRow).where(RunRow.id.in_(runs)).execution_options(synchronize_session=False))


async def rides_named(read: Read, rides: Collection[RideId]) -> list[Ride]:
    """Fetch these rides; times are in UTC."""
    return [Ride(**row) for row in await read.all(_RIDES_NAMED, rides=list(rides))]


async def delete_rides(db: AsyncSession, rides: Collection[RideId]) -> None:
    """Give seats back."""
    await db.execute(delete(RideRow).where(RideRow.id.in_(rides)))


async def delete_rides_to_screens(db: AsyncSession, site_id: SiteId, begin: datetime, until: datetime) -> None:
    """Give back the seats that go with sessions of a span that take place by telehealth by now."""
    by_video = select(AppointmentRow.id).where(
        AppointmentRow.site_id == site_id,
        AppointmentRow.modality == Modality.TELEHEALTH.value,
        AppointmentRow.during.op("&&")(bindparam("span", Range(begin, until), type_=TSTZRANGE)),
    )
    await db.execute(
        delete(RideRow).where(RideRow.appointment_id.in_(by_video)).execution_options(synchronize_session=False)
    )


async def insert_waivers(
    db: AsyncSession,
    organization_id: OrganizationId,
    sessions: Collection[Coming],
    reason: NoRideReason,
    now: datetime,
) -> None:
    """Keep why somebody needs no ride for these sessions, as they are planned now."""
    rows: list[dict[str, Any]] = [
        {
            "organization_id": organization_id,
            "id": fresh_id(now),
            "appointment_id": session.appointment_id,
            "patient_id": session.patient_id,
            "session_start": session.start,
            "reason": reason.value,
            "waived_at": now,
        }
        for session in sessions
    ]
    if rows:
        await db.execute(insert(RideWaiverRow), rows)
