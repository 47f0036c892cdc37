"""Where rules of kept seats are, and what they are held against."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import TIMESTAMP, ColumnElement, Date, Uuid, and_, bindparam, exists, func, insert, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.contracts.identifiers import AccountId, AppointmentId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.held_seats import HeldSeatsRule, HeldSeatsRuleRequest, OverrideReason
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.held_seats.sessions import WeekSession
from services.scheduler.held_seats.tables import HeldSeatOverrideRow, HeldSeatsRuleRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.storing import fresh_id
from services.scheduler.weekly_held_seats.tables import WeeklyHeldSeatsRuleRow

_RULE_COLUMNS: Final = tuple(
    column for column in HeldSeatsRuleRow.__table__.c if column.name in HeldSeatsRule.model_fields
)
_RULE: Final = Query(select(*_RULE_COLUMNS).where(HeldSeatsRuleRow.site_id == bindparam("site_id", type_=Uuid)))
_NOW: Final = bindparam("now", type_=TIMESTAMP(timezone=True))
_ASKED: Final = aliased(AppointmentRow, name="asked")
_KEEPS_SCARCE: Final = exists().where(
    HeldSeatsRuleRow.organization_id == _ASKED.organization_id,
    HeldSeatsRuleRow.site_id == _ASKED.site_id,
    HeldSeatsRuleRow.enabled,
)
_KEEPS_WEEKLY: Final = exists().where(
    WeeklyHeldSeatsRuleRow.organization_id == _ASKED.organization_id,
    WeeklyHeldSeatsRuleRow.site_id == _ASKED.site_id,
    WeeklyHeldSeatsRuleRow.enabled,
)
_PLACE: Final = Query(
    select(_ASKED.site_id, _ASKED.week).where(
        _ASKED.id == bindparam("appointment_id", type_=Uuid), or_(_KEEPS_SCARCE, _KEEPS_WEEKLY)
    )
)


def _live() -> tuple[ColumnElement[bool], ...]:
    return (
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.booked.is_(True),
    )


_IS_MINE: Final = exists().where(
    *_live(),
    AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid),
    or_(AppointmentPatientRow.held_until.is_(None), AppointmentPatientRow.held_until > _NOW),
)
_LAPSED: Final = select(func.count()).where(*_live(), AppointmentPatientRow.held_until <= _NOW).scalar_subquery()
_WEEK: Final = Query(
    select(
        AppointmentRow.id,
        AppointmentRow.service,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.track,
        AppointmentRow.language,
        (AppointmentRow.capacity - AppointmentRow.taken + _LAPSED).label("free"),
        _IS_MINE.label("is_mine"),
        SiteRow.zone,
    )
    .join(
        SiteRow, and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id)
    )
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.week == bindparam("week", type_=Date),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
    )
)


async def find_rule(read: Read, site_id: SiteId) -> HeldSeatsRule | None:
    """Fetch a site's rule."""
    row = await read.one_or_none(_RULE, site_id=site_id)
    return None if row is None else HeldSeatsRule(**row)


async def place_of_kept(read: Read, appointment_id: AppointmentId) -> tuple[SiteId, date] | None:
    """Fetch a session's site and week; None where the site keeps no seats at all."""
    row = await read.one_or_none(_PLACE, appointment_id=appointment_id)
    return None if row is None else (SiteId(row["site_id"]), row["week"])


async def put_rule(
    db: AsyncSession, organization_id: OrganizationId, site_id: SiteId, request: HeldSeatsRuleRequest
) -> None:
    """Keep a site's rule in place of the one before."""
    values = {**request.model_dump(), "parts": sorted(part.value for part in request.parts)}
    statement = upsert(HeldSeatsRuleRow).values(organization_id=organization_id, site_id=site_id, **values)
    await db.execute(statement.on_conflict_do_update(constraint="held_seats_rules_pkey", set_=values))


async def week(
    read: Read, site_id: SiteId, monday: date, patient_id: PatientId, now: datetime
) -> Sequence[WeekSession]:
    """Fetch the sessions of a site's week, as one patient sees them."""
    rows = await read.all(_WEEK, site_id=site_id, week=monday, patient_id=patient_id, now=now)
    return [_session(row) for row in rows]


def _session(row: Any) -> WeekSession:
    facts = SessionFacts(
        service=ServiceKind(row["service"]),
        modality=Modality(row["modality"]),
        start=row["start"],
        end=row["end"],
        track=row["track"],
        language=row["language"],
        zone=ZoneInfo(row["zone"]),
    )
    return WeekSession(AppointmentId(row["id"]), facts, row["free"], is_mine=row["is_mine"])


async def add_override(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    appointment_id: AppointmentId,
    patient_id: PatientId,
    reason: OverrideReason,
    decided_by: AccountId,
    now: datetime,
) -> None:
    """Write down who gave somebody a kept seat, and why."""
    await db.execute(
        insert(HeldSeatOverrideRow).values(
            organization_id=organization_id,
            id=fresh_id(now),
            appointment_id=appointment_id,
            patient_id=patient_id,
            reason=reason.value,
            decided_by=decided_by,
            decided_at=now,
        )
    )
