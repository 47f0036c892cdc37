"""Where attendance is kept; each record is a revision, and the newest one counts."""

from datetime import date, datetime, timedelta
from typing import Any, Final

import asyncpg
from sqlalchemy import Date, Integer, Subquery, Uuid, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AppointmentId, AttendanceId, OrganizationId, PatientId, SiteId
from services.contracts.records.encounters import AttendanceEvent
from services.contracts.scheduler.attendance import Attendance, AttendanceStatus, LedgerEntry, ParkedAttendance
from services.contracts.scheduler.make_ups import MakeUpStatus
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.attendance.facts import Attendee, Delivery, Parking
from services.scheduler.attendance.tables import AttendanceDeliveryRow, AttendanceRow
from services.scheduler.make_ups.tables import MakeUpRow
from services.scheduler.sites.tables import SiteRow

_APPOINTMENT_ID: Final = bindparam("appointment_id", type_=Uuid)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_ENTRY: Final = tuple(LedgerEntry.model_fields.keys() - {"minutes"})
_WEEK: Final = bindparam("week", type_=Date)
_RECORD: Final = tuple(column for column in AttendanceRow.__table__.c if column.name != "organization_id")
_SEAT: Final = and_(
    AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
    AppointmentPatientRow.appointment_id == AppointmentRow.id,
    AppointmentPatientRow.patient_id == _PATIENT_ID,
    AppointmentPatientRow.booked,
    AppointmentPatientRow.held_until.is_(None),
)
_HOLD_SITE: Final = (
    select(SiteRow.id)
    .where(SiteRow.id.in_(select(AppointmentRow.site_id).where(AppointmentRow.id == _APPOINTMENT_ID)))
    .with_for_update(read=True, key_share=True)
)
_LOCK: Final = (
    select(
        AppointmentRow.site_id,
        AppointmentRow.week,
        AppointmentRow.status,
        AppointmentRow.service,
        AppointmentRow.during,
    )
    .where(AppointmentRow.id == _APPOINTMENT_ID)
    .with_for_update(key_share=True)
)
_HAS_SEAT: Final = select(AppointmentPatientRow.patient_id).where(
    AppointmentPatientRow.appointment_id == _APPOINTMENT_ID,
    AppointmentPatientRow.patient_id == _PATIENT_ID,
    AppointmentPatientRow.booked,
    AppointmentPatientRow.held_until.is_(None),
)
_NEWEST: Final = (
    select(*_RECORD)
    .where(AttendanceRow.appointment_id == _APPOINTMENT_ID, AttendanceRow.patient_id == _PATIENT_ID)
    .order_by(AttendanceRow.revision.desc())
    .limit(1)
)
_NEWEST_READ: Final = Query(_NEWEST)
_FIND: Final = select(*_RECORD).where(AttendanceRow.id == bindparam("attendance_id", type_=Uuid))
_UNTOLD: Final = (
    select(
        AttendanceRow.id,
        AttendanceRow.appointment_id,
        AttendanceRow.patient_id,
        AppointmentRow.site_id,
        SiteRow.zone,
        AppointmentRow.week,
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.during,
        AttendanceRow.revision,
        AttendanceRow.status,
        AttendanceRow.excused,
        AttendanceRow.minutes_late,
        AttendanceRow.minutes_left_early,
        AttendanceRow.recorded_by,
        AttendanceRow.recorded_at,
        AttendanceDeliveryRow.attempts,
        AttendanceDeliveryRow.refusals,
    )
    .join_from(
        AttendanceDeliveryRow,
        AttendanceRow,
        and_(
            AttendanceRow.organization_id == AttendanceDeliveryRow.organization_id,
            AttendanceRow.id == AttendanceDeliveryRow.attendance_id,
        ),
    )
    .join(
        AppointmentRow,
        and_(
            AppointmentRow.organization_id == AttendanceRow.organization_id,
            AppointmentRow.id == AttendanceRow.appointment_id,
        ),
    )
    .join(
        SiteRow,
        and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id),
    )
    .where(
        AttendanceDeliveryRow.attendance_id == bindparam("attendance_id", type_=Uuid),
        AttendanceDeliveryRow.delivered_at.is_(None),
        AttendanceDeliveryRow.parked_at.is_(None),
    )
    .with_for_update(of=AttendanceDeliveryRow)
)
_PARKED: Final = Query(
    select(
        AttendanceDeliveryRow.attendance_id.label("id"),
        AttendanceRow.appointment_id,
        AttendanceRow.patient_id,
        AttendanceRow.revision,
        AttendanceDeliveryRow.attempts,
        AttendanceDeliveryRow.refusal,
        AttendanceDeliveryRow.parked_at,
    )
    .join(
        AttendanceRow,
        and_(
            AttendanceRow.organization_id == AttendanceDeliveryRow.organization_id,
            AttendanceRow.id == AttendanceDeliveryRow.attendance_id,
        ),
    )
    .where(
        AttendanceDeliveryRow.parked_at.is_not(None),
        AttendanceDeliveryRow.attendance_id > bindparam("after", type_=Uuid),
    )
    .order_by(AttendanceDeliveryRow.attendance_id)
    .limit(bindparam("limit", type_=Integer))
)
_LATER: Final = aliased(AttendanceRow, name="later")
_PAGE: Final = Query(
    select(
        *_RECORD,
        ~exists()
        .where(
            _LATER.organization_id == AttendanceRow.organization_id,
            _LATER.appointment_id == AttendanceRow.appointment_id,
            _LATER.patient_id == AttendanceRow.patient_id,
            _LATER.revision > AttendanceRow.revision,
        )
        .label("is_newest"),
    )
    .where(AttendanceRow.appointment_id == _APPOINTMENT_ID, AttendanceRow.id > bindparam("after", type_=Uuid))
    .order_by(AttendanceRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_KNOWN: Final = Query(select(AppointmentRow.id).where(AppointmentRow.id == _APPOINTMENT_ID))


def entry_columns(seen: Subquery) -> tuple[Any, ...]:
    """Return what a ledger entry tells of a session, and of what was last recorded in it."""
    return (
        AppointmentRow.id.label("appointment_id"),
        AppointmentRow.service,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        seen.c.status,
        seen.c.excused,
        func.coalesce(seen.c.minutes_late, 0).label("minutes_late"),
        func.coalesce(seen.c.minutes_left_early, 0).label("minutes_left_early"),
    )


_LAST_SEEN: Final = (
    select(*_RECORD)
    .ext(distinct_on(AttendanceRow.appointment_id))
    .where(AttendanceRow.patient_id == _PATIENT_ID)
    .order_by(AttendanceRow.appointment_id, AttendanceRow.revision.desc())
    .subquery("seen")
)
_LEDGER: Final = Query(
    select(
        *entry_columns(_LAST_SEEN),
        MakeUpRow.missed_appointment_id.label("makes_up_for"),
    )
    .outerjoin(AppointmentPatientRow, _SEAT)
    .outerjoin(_LAST_SEEN, _LAST_SEEN.c.appointment_id == AppointmentRow.id)
    .outerjoin(
        MakeUpRow,
        and_(
            MakeUpRow.organization_id == AppointmentRow.organization_id,
            MakeUpRow.appointment_id == AppointmentRow.id,
            MakeUpRow.patient_id == _PATIENT_ID,
        ),
    )
    .where(
        AppointmentRow.week == _WEEK,
        or_(
            and_(
                AppointmentPatientRow.patient_id.is_not(None), AppointmentRow.status == AppointmentStatus.BOOKED.value
            ),
            _LAST_SEEN.c.id.is_not(None),
        ),
    )
    .order_by(func.lower(AppointmentRow.during), AppointmentRow.id)
)
_SEAT_OF_MAKE_UP: Final = and_(
    AppointmentPatientRow.organization_id == MakeUpRow.organization_id,
    AppointmentPatientRow.appointment_id == MakeUpRow.appointment_id,
    AppointmentPatientRow.patient_id == MakeUpRow.patient_id,
    AppointmentPatientRow.booked,
)
_OPEN: Final = Query(
    select(MakeUpRow.service, func.sum(MakeUpRow.minutes).label("minutes"))
    .outerjoin(AppointmentPatientRow, _SEAT_OF_MAKE_UP)
    .where(
        MakeUpRow.patient_id == _PATIENT_ID,
        MakeUpRow.week == _WEEK,
        MakeUpRow.status != MakeUpStatus.WITHDRAWN.value,
        AppointmentPatientRow.patient_id.is_(None),
    )
    .group_by(MakeUpRow.service)
)


async def lock_attendee(db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId) -> Attendee | None:
    """Hold a booked session until the transaction ends, and fetch what is known of a patient in it."""
    asked = {"appointment_id": appointment_id, "patient_id": patient_id}
    # Whoever closes a site or changes its setup holds the site first and its sessions then; a seat given back does too.
    await db.execute(_HOLD_SITE, {"appointment_id": appointment_id})
    row = (await db.execute(_LOCK, {"appointment_id": appointment_id})).one_or_none()
    if row is None or row.status != AppointmentStatus.BOOKED.value:
        return None
    newest = (await db.execute(_NEWEST, asked)).mappings().one_or_none()
    return Attendee(
        appointment_id=appointment_id,
        patient_id=patient_id,
        site_id=SiteId(row.site_id),
        week=row.week,
        service=ServiceKind(row.service),
        start=row.during.lower,
        end=row.during.upper,
        has_seat=await db.scalar(_HAS_SEAT, asked) is not None,
        newest=None if newest is None else Attendance(**newest, is_newest=True),
    )


async def find(db: AsyncSession, attendance_id: AttendanceId) -> Attendance | None:
    """Fetch one revision, whether it is the newest or not."""
    row = (await db.execute(_FIND, {"attendance_id": attendance_id})).mappings().one_or_none()
    return None if row is None else Attendance(**row, is_newest=False)


async def newest_status(read: Read, appointment_id: AppointmentId, patient_id: PatientId) -> AttendanceStatus | None:
    """Fetch what was last recorded of a patient in a session."""
    row = await read.one_or_none(_NEWEST_READ, appointment_id=appointment_id, patient_id=patient_id)
    return None if row is None else AttendanceStatus(row["status"])


async def insert_revision(db: AsyncSession, organization_id: OrganizationId, record: Attendance) -> None:
    """Keep one more revision, and that records is to be told of it."""
    values: dict[str, Any] = record.model_dump(exclude={"is_newest"})
    await db.execute(insert(AttendanceRow).values(organization_id=organization_id, **values))
    told = {"attendance_id": record.id, "attempts": 0, "refusals": 0}
    await db.execute(insert(AttendanceDeliveryRow).values(organization_id=organization_id, **told))


async def hold_delivery(db: AsyncSession, attendance_id: AttendanceId) -> Delivery | None:
    """Fetch what records is still to be told, while nobody else tells it; None where that was done or given up."""
    row = (await db.execute(_UNTOLD, {"attendance_id": attendance_id})).mappings().one_or_none()
    if row is None:
        return None
    facts = {name: value for name, value in row.items() if name not in {"attempts", "refusals", "during"}}
    event = AttendanceEvent.model_validate({**facts, "start": row["during"].lower, "end": row["during"].upper})
    return Delivery(event, row["attempts"], row["refusals"])


async def count_attempt(db: AsyncSession, attendance_id: AttendanceId, delivered_at: datetime | None) -> None:
    """Note that records was told, or that the attempt failed."""
    await db.execute(
        update(AttendanceDeliveryRow)
        .where(AttendanceDeliveryRow.attendance_id == attendance_id)
        .values(attempts=AttendanceDeliveryRow.attempts + 1, delivered_at=delivered_at)
    )


async def count_refusal(db: AsyncSession, attendance_id: AttendanceId, parking: Parking | None) -> None:
    """Note that records refused to be told, and that it is not tried any more where it is parked."""
    parked = {} if parking is None else {"parked_at": parking.at, "refusal": parking.refusal}
    counted = {"attempts": AttendanceDeliveryRow.attempts + 1, "refusals": AttendanceDeliveryRow.refusals + 1}
    mine = AttendanceDeliveryRow.attendance_id == attendance_id
    await db.execute(update(AttendanceDeliveryRow).where(mine).values(**counted, **parked))


async def unpark(db: AsyncSession, attendance_id: AttendanceId) -> bool:
    """Let a parked revision be told again; False where there is none of that id that is parked."""
    unparked = await db.execute(
        update(AttendanceDeliveryRow)
        .where(AttendanceDeliveryRow.attendance_id == attendance_id, AttendanceDeliveryRow.parked_at.is_not(None))
        .values(parked_at=None, refusal=None, refusals=0)
        .returning(AttendanceDeliveryRow.attendance_id)
    )
    return unparked.scalar() is not None


async def parked(read: Read, page: PageRequest) -> list[ParkedAttendance]:
    """Fetch a page of what records refused for good, the earliest recorded first, and one more where there is one."""
    return [ParkedAttendance(**row) for row in await read.all(_PARKED, after=page.after, limit=page.limit)]


async def page(read: Read, appointment_id: AppointmentId, page: PageRequest) -> list[Attendance] | None:
    """Fetch a page of what was recorded of a session, and one more where there is one; None without a session."""
    if await read.one_or_none(_KNOWN, appointment_id=appointment_id) is None:
        return None
    rows = await read.all(_PAGE, appointment_id=appointment_id, after=page.after, limit=page.limit)
    return [Attendance(**row) for row in rows]


async def ledger(read: Read, patient_id: PatientId, week: date) -> list[LedgerEntry]:
    """Fetch the sessions of a patient's week in order of time, with what was last recorded of each."""
    rows = await read.all(_LEDGER, patient_id=patient_id, week=week)
    return [entry_of(row) for row in rows]


def entry_of(row: asyncpg.Record) -> LedgerEntry:
    """Read a session of a patient, with what was last recorded of it; what else is in the row is left out."""
    minutes = (row["end"] - row["start"]) // timedelta(minutes=1)
    return LedgerEntry(**{name: row[name] for name in _ENTRY}, minutes=minutes)


async def still_open(read: Read, patient_id: PatientId, week: date) -> dict[ServiceKind, int]:
    """Fetch the minutes of each service that a patient missed and has no seat to make up for."""
    rows = await read.all(_OPEN, patient_id=patient_id, week=week)
    return {ServiceKind(row["service"]): row["minutes"] for row in rows}
