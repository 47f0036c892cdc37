"""Where make-ups are kept."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import (
    TIMESTAMP,
    Date,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import AppointmentId, MakeUpId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.make_ups import MakeUp, MakeUpStatus
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.make_ups.tables import MakeUpRow

_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_ID: Final = bindparam("make_up_id", type_=Uuid)
_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_WEEK: Final = bindparam("week", type_=Date)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)

_HAS_ITS_SEAT: Final = exists().where(
    AppointmentPatientRow.organization_id == MakeUpRow.organization_id,
    AppointmentPatientRow.appointment_id == MakeUpRow.appointment_id,
    AppointmentPatientRow.patient_id == MakeUpRow.patient_id,
    AppointmentPatientRow.booked,
)
# A seat that was given back, or cancelled with its session, makes up for nothing: the make-up is open again by itself.
IS_BOOKED: Final = and_(MakeUpRow.status == MakeUpStatus.BOOKED.value, _HAS_ITS_SEAT)
_STATUS: Final = case(
    (and_(MakeUpRow.status == MakeUpStatus.BOOKED.value, ~_HAS_ITS_SEAT), MakeUpStatus.OPEN.value),
    else_=MakeUpRow.status,
)
_MAKE_UP: Final = (
    *(column for column in MakeUpRow.__table__.c if column.name not in {"organization_id", "status", "appointment_id"}),
    _STATUS.label("status"),
    case((IS_BOOKED, MakeUpRow.appointment_id)).label("appointment_id"),
)
_ONE: Final = Query(select(*_MAKE_UP).where(MakeUpRow.id == _ID))
_PAGE: Final = Query(
    select(*_MAKE_UP)
    .where(
        MakeUpRow.site_id == _SITE_ID,
        MakeUpRow.week == _WEEK,
        bindparam("status", type_=Text) == _STATUS,
        MakeUpRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(MakeUpRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_OPEN_OF_PATIENT: Final = Query(
    select(*_MAKE_UP)
    .where(MakeUpRow.patient_id == _PATIENT_ID, MakeUpRow.week == _WEEK, literal(MakeUpStatus.OPEN.value) == _STATUS)
    .order_by(MakeUpRow.id)
)
_OPEN_OF_WEEK: Final = Query(
    select(*_MAKE_UP)
    .where(MakeUpRow.site_id == _SITE_ID, MakeUpRow.week == _WEEK, literal(MakeUpStatus.OPEN.value) == _STATUS)
    .order_by(MakeUpRow.id)
)
_SEATED: Final = (
    AppointmentPatientRow.booked,
    or_(AppointmentPatientRow.held_until.is_(None), AppointmentPatientRow.held_until > _NOW),
)
_FACTS: Final = (
    AppointmentRow.id,
    AppointmentRow.service,
    AppointmentRow.modality,
    func.lower(AppointmentRow.during).label("start"),
    func.upper(AppointmentRow.during).label("end"),
    AppointmentRow.track,
    AppointmentRow.language,
)
_SESSIONS: Final = Query(
    select(*_FACTS, AppointmentRow.capacity, AppointmentPractitionerRow.practitioner_id)
    .outerjoin(
        AppointmentPractitionerRow,
        and_(
            AppointmentPractitionerRow.organization_id == AppointmentRow.organization_id,
            AppointmentPractitionerRow.appointment_id == AppointmentRow.id,
            AppointmentPractitionerRow.part == "lead",
        ),
    )
    .where(
        AppointmentRow.site_id == _SITE_ID,
        AppointmentRow.week == _WEEK,
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentRow.service == bindparam("service", type_=Text),
    )
)
_PEOPLE: Final = Query(
    select(AppointmentPatientRow.appointment_id, AppointmentPatientRow.patient_id)
    .join(
        AppointmentRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(
        AppointmentRow.site_id == _SITE_ID,
        AppointmentRow.week == _WEEK,
        AppointmentRow.service == bindparam("service", type_=Text),
        *_SEATED,
    )
)
_OF_PATIENT: Final = Query(
    select(*_FACTS)
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .where(AppointmentPatientRow.patient_id == _PATIENT_ID, AppointmentRow.week == _WEEK, *_SEATED)
)
_LEAD_OF: Final = Query(
    select(AppointmentPractitionerRow.practitioner_id).where(
        AppointmentPractitionerRow.appointment_id == bindparam("appointment_id", type_=Uuid),
        AppointmentPractitionerRow.part == "lead",
    )
)
_KIND: Final = select(AppointmentRow.site_id, AppointmentRow.week, AppointmentRow.service).where(
    AppointmentRow.id == bindparam("appointment_id", type_=Uuid)
)
_LOCK: Final = select(MakeUpRow.id).where(MakeUpRow.id == _ID).with_for_update()
_MISSED_SEAT: Final = aliased(AppointmentPatientRow, name="missed_seat")
_MISSED: Final = Query(
    select(MakeUpRow.patient_id, MakeUpRow.service, func.sum(MakeUpRow.minutes).label("minutes"))
    .join(
        _MISSED_SEAT,
        and_(
            _MISSED_SEAT.organization_id == MakeUpRow.organization_id,
            _MISSED_SEAT.appointment_id == MakeUpRow.missed_appointment_id,
            _MISSED_SEAT.patient_id == MakeUpRow.patient_id,
            _MISSED_SEAT.booked,
            func.lower(_MISSED_SEAT.during) <= _NOW,
        ),
    )
    .where(
        MakeUpRow.site_id == _SITE_ID,
        MakeUpRow.week == _WEEK,
        MakeUpRow.status != MakeUpStatus.WITHDRAWN.value,
        # A seat that a version has planned for it is asked for again by the next one, or that would take it away.
        ~_HAS_ITS_SEAT.where(func.lower(AppointmentPatientRow.during) > _NOW, AppointmentPatientRow.by_hand),
    )
    .group_by(MakeUpRow.patient_id, MakeUpRow.service)
)


async def find(read: Read, make_up_id: MakeUpId) -> MakeUp | None:
    """Fetch one make-up."""
    row = await read.one_or_none(_ONE, make_up_id=make_up_id)
    return None if row is None else MakeUp(**row)


async def open_of_patient(read: Read, patient_id: PatientId, week: date) -> list[MakeUp]:
    """Fetch what a patient is still to make up for in a week, the one longest known first."""
    return [MakeUp(**row) for row in await read.all(_OPEN_OF_PATIENT, patient_id=patient_id, week=week)]


async def open_of_week(read: Read, site_id: SiteId, week: date) -> list[MakeUp]:
    """Fetch all that is still to be made up for in a week of a site, the one longest known first."""
    return [MakeUp(**row) for row in await read.all(_OPEN_OF_WEEK, site_id=site_id, week=week)]


async def page(read: Read, site_id: SiteId, week: date, status: MakeUpStatus, page: PageRequest) -> list[MakeUp]:
    """Fetch a page of a week's make-ups, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, week=week, status=status.value, after=page.after, limit=page.limit)
    return [MakeUp(**row) for row in rows]


class WeekSessions:
    """The sessions of one service in a site's week, with who sits there."""

    def __init__(self, rows: Sequence[asyncpg.Record], people: Sequence[asyncpg.Record]) -> None:
        self.rows = rows
        self.people: dict[UUID, set[PatientId]] = defaultdict(set)
        for row in people:
            self.people[row["appointment_id"]].add(PatientId(row["patient_id"]))


async def sessions_of(read: Read, site_id: SiteId, week: date, service: ServiceKind, now: datetime) -> WeekSessions:
    """Fetch the booked sessions of a service in a week, and who has a live seat there."""
    asked = {"site_id": site_id, "week": week, "service": service.value}
    return WeekSessions(await read.all(_SESSIONS, **asked), await read.all(_PEOPLE, **asked, now=now))


async def week_of_patient(
    read: Read, patient_id: PatientId, week: date, zone: ZoneInfo, now: datetime
) -> list[SessionFacts]:
    """Fetch what a patient has in a week."""
    rows = await read.all(_OF_PATIENT, patient_id=patient_id, week=week, now=now)
    return [facts_of(row, zone) for row in rows]


def facts_of(row: asyncpg.Record, zone: ZoneInfo) -> SessionFacts:
    """Read a session as the rules of seats see it."""
    return SessionFacts(
        service=ServiceKind(row["service"]),
        modality=Modality(row["modality"]),
        start=row["start"],
        end=row["end"],
        track=row["track"],
        language=row["language"],
        zone=zone,
    )


async def lead_of(read: Read, appointment_id: AppointmentId) -> UUID | None:
    """Fetch who leads a session."""
    row = await read.one_or_none(_LEAD_OF, appointment_id=appointment_id)
    return None if row is None else row["practitioner_id"]


async def missed_of_week(
    read: Read, site_id: SiteId, week: date, now: datetime
) -> dict[tuple[PatientId, ServiceKind], int]:
    """Fetch the minutes that took place without who has a seat there, but for those with a seat by hand to make up."""
    rows = await read.all(_MISSED, site_id=site_id, week=week, now=now)
    return {(PatientId(row["patient_id"]), ServiceKind(row["service"])): row["minutes"] for row in rows}


async def lock(db: AsyncSession, make_up_id: MakeUpId) -> None:
    """Hold a make-up until the transaction ends."""
    await db.execute(_LOCK, {"make_up_id": make_up_id})


async def is_of(db: AsyncSession, appointment_id: AppointmentId, make_up: MakeUp) -> bool:
    """Say whether a session is one that could make up for the missed one; of what does not exist that is left open."""
    row = (await db.execute(_KIND, {"appointment_id": appointment_id})).one_or_none()
    return row is None or (
        (row.site_id, row.week, row.service) == (make_up.site_id, make_up.week, make_up.service.value)
        and appointment_id != make_up.missed_appointment_id
    )


async def keep(db: AsyncSession, organization_id: OrganizationId, make_up: MakeUp) -> None:
    """Note that a session is to be made up for; what was noted of it before is open again if it was withdrawn."""
    values: dict[str, Any] = {**make_up.model_dump(), "status": make_up.status.value, "service": make_up.service.value}
    statement = upsert(MakeUpRow).values(organization_id=organization_id, **values)
    await db.execute(
        statement.on_conflict_do_update(
            constraint="make_ups_missed_key",
            set_={"status": MakeUpStatus.OPEN.value},
            where=MakeUpRow.status == MakeUpStatus.WITHDRAWN.value,
        )
    )


async def withdraw(db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId) -> None:
    """Note that nothing is to be made up for, unless it is booked already."""
    await db.execute(
        update(MakeUpRow)
        .where(
            MakeUpRow.missed_appointment_id == appointment_id,
            MakeUpRow.patient_id == patient_id,
            MakeUpRow.status == MakeUpStatus.OPEN.value,
        )
        .values(status=MakeUpStatus.WITHDRAWN.value)
    )


async def book(db: AsyncSession, make_up_id: MakeUpId, appointment_id: AppointmentId) -> None:
    """Note where a make-up was booked into."""
    await db.execute(
        update(MakeUpRow)
        .where(MakeUpRow.id == make_up_id)
        .values(status=MakeUpStatus.BOOKED.value, appointment_id=appointment_id)
    )


async def move(db: AsyncSession, patient_id: PatientId, before: AppointmentId, after: AppointmentId) -> None:
    """Note that a make-up was moved to another session, if that is one of the same service, week and site."""
    could_be = exists().where(
        AppointmentRow.organization_id == MakeUpRow.organization_id,
        AppointmentRow.id == after,
        AppointmentRow.site_id == MakeUpRow.site_id,
        AppointmentRow.week == MakeUpRow.week,
        AppointmentRow.service == MakeUpRow.service,
        AppointmentRow.id != MakeUpRow.missed_appointment_id,
    )
    await db.execute(
        update(MakeUpRow)
        .where(MakeUpRow.patient_id == patient_id, MakeUpRow.appointment_id == before, could_be)
        .values(appointment_id=after)
        .execution_options(synchronize_session=False)
    )
