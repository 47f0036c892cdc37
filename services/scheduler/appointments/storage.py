"""Where the book is kept."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import TIMESTAMP, Date, Integer, Text, Uuid, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read, violated_constraint
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.timetables import Appointment, AppointmentStatus, Session
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.errors import DoubleBookingError
from services.scheduler.storing import fresh_id

_TAKEN: Final = {
    "appointments_room_id_during_excl": "room",
    "appointment_practitioners_practitioner_id_during_excl": "practitioner",
    "appointment_patients_patient_id_during_excl": "patient",
}


def _part(part: str) -> Any:
    return aliased(AppointmentPractitionerRow, name=part)


_LEAD: Final = _part("lead")
_CO: Final = _part("co_facilitator")


def _takes_part(alias: Any, part: str) -> Any:
    return and_(
        alias.organization_id == AppointmentRow.organization_id,
        alias.appointment_id == AppointmentRow.id,
        alias.part == part,
    )


_PATIENTS: Final = (
    select(func.array_agg(AppointmentPatientRow.patient_id))
    .where(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.held_until.is_(None),
    )
    .scalar_subquery()
)
_EXPIRED_HOLDS: Final = (
    select(func.count())
    .where(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.held_until <= bindparam("now", type_=TIMESTAMP(timezone=True)),
    )
    .scalar_subquery()
)
_PAGE: Final = Query(
    select(
        AppointmentRow.id,
        AppointmentRow.site_id,
        AppointmentRow.timetable_version,
        AppointmentRow.status,
        AppointmentRow.service,
        AppointmentRow.modality,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.room_id,
        _LEAD.practitioner_id.label("practitioner_id"),
        _CO.practitioner_id.label("co_facilitator_id"),
        AppointmentRow.track,
        AppointmentRow.language,
        AppointmentRow.capacity,
        (AppointmentRow.taken - _EXPIRED_HOLDS).label("taken"),
        _PATIENTS.label("patient_ids"),
    )
    .outerjoin(_LEAD, _takes_part(_LEAD, "lead"))
    .outerjoin(_CO, _takes_part(_CO, "co_facilitator"))
    .where(
        AppointmentRow.site_id == bindparam("site_id", type_=Uuid),
        AppointmentRow.week == bindparam("week", type_=Date),
        AppointmentRow.status == bindparam("status", type_=Text),
        AppointmentRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(AppointmentRow.id)
    .limit(bindparam("limit", type_=Integer))
)


async def page_of_week(
    read: Read, site_id: SiteId, week: date, status: AppointmentStatus, page: PageRequest, *, now: datetime
) -> list[Appointment]:
    """Fetch a page of a week's appointments, and one more where there is one; times are in UTC."""
    asked = {"site_id": site_id, "week": week, "status": status.value, "now": now}
    rows = await read.all(_PAGE, **asked, after=page.after, limit=page.limit)
    return [_to_appointment(row) for row in rows]


def _to_appointment(row: asyncpg.Record) -> Appointment:
    values = dict(row)
    return Appointment(**{**values, "patient_ids": sorted(values["patient_ids"] or ())})


async def cancel_week(db: AsyncSession, site_id: SiteId, week: date) -> int:
    """Cancel what is booked in a week and return how many of its sessions had been changed by hand.

    It stays in the book as history, without the seats that were only held.
    """
    booked = (
        AppointmentRow.site_id == site_id,
        AppointmentRow.week == week,
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
    )
    gone = await db.execute(
        update(AppointmentRow)
        .where(*booked)
        .values(status=AppointmentStatus.CANCELLED.value)
        .returning(AppointmentRow.id, AppointmentRow.by_hand)
    )
    by_hand = {row.id: row.by_hand for row in gone}
    appointments = list(by_hand)
    await _end_holds(db, appointments)
    for participants in (AppointmentPractitionerRow, AppointmentPatientRow):
        await db.execute(update(participants).where(participants.appointment_id.in_(appointments)).values(booked=False))
    return sum(by_hand.values())


async def _end_holds(db: AsyncSession, appointments: Sequence[UUID]) -> None:
    held = await db.execute(
        delete(AppointmentPatientRow)
        .where(AppointmentPatientRow.appointment_id.in_(appointments), AppointmentPatientRow.held_until.is_not(None))
        .returning(AppointmentPatientRow.appointment_id)
    )
    for appointment_id, seats in Counter(held.scalars()).items():
        await db.execute(
            update(AppointmentRow).where(AppointmentRow.id == appointment_id).values(taken=AppointmentRow.taken - seats)
        )


async def book(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    site_id: SiteId,
    week: date,
    version: int,
    sessions: Sequence[Session],
    now: datetime,
) -> None:
    """Book the sessions, which are in order of time.

    Raises:
        DoubleBookingError: A room, a practitioner or a patient is taken; the transaction can only be rolled back.
    """
    appointments: list[dict[str, Any]] = []
    practitioners: list[dict[str, Any]] = []
    patients: list[dict[str, Any]] = []
    for identifier, session in zip(sorted(fresh_id(now) for _ in sessions), sessions, strict=True):
        during = Range(session.start, session.end)
        part = {"organization_id": organization_id, "appointment_id": identifier, "during": during, "booked": True}
        appointments.append(
            {
                **session.model_dump(include={"service", "modality", "room_id", "track", "language", "capacity"}),
                "organization_id": organization_id,
                "id": identifier,
                "site_id": site_id,
                "week": week,
                "timetable_version": version,
                "status": AppointmentStatus.BOOKED.value,
                "during": during,
                "taken": len(session.patient_ids),
            }
        )
        leading = (("lead", session.practitioner_id), ("co_facilitator", session.co_facilitator_id))
        practitioners.extend({**part, "part": name, "practitioner_id": who} for name, who in leading if who is not None)
        patients.extend({**part, "patient_id": patient_id} for patient_id in session.patient_ids)
    try:
        for table, rows in (
            (AppointmentRow, appointments),
            (AppointmentPractitionerRow, practitioners),
            (AppointmentPatientRow, patients),
        ):
            if rows:
                await db.execute(insert(table), rows)
    except IntegrityError as error:
        taken = _TAKEN.get(violated_constraint(error) or "")
        if taken is None:
            raise
        raise DoubleBookingError(taken) from None
