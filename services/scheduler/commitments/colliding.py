"""Where commitments and the book meet: one query each, because a collision is nothing that is kept.

It is there as long as both sides are, and gone with either.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import TIMESTAMP, ColumnElement, Integer, Select, Uuid, and_, bindparam, func, select

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import CommitmentId, CommitmentSourceId, PatientId, SiteId
from services.contracts.scheduler.commitments import (
    CollidingAppointment,
    CollidingInterval,
    CollisionCode,
    OpenCollision,
    RepairBody,
    RepairOffer,
)
from services.contracts.scheduler.disruptions import DisruptionKind, DisruptionReason
from services.contracts.scheduler.timetables import AppointmentStatus
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.commitments.storage import OF_AN_ACTIVE_SOURCE
from services.scheduler.commitments.tables import CommitmentRow, CommitmentSourceRow
from services.scheduler.sites.tables import SiteRow
from services.scheduler.storing import json_of
from services.scheduler.timetables.tables import TimetableRow

_INSTANT: Final = TIMESTAMP(timezone=True)
_PLANNED: Final = {
    "appointment_id": AppointmentRow.id,
    "site_id": AppointmentRow.site_id,
    "week": AppointmentRow.week,
    "timetable_version": AppointmentRow.timetable_version,
    "published_version": select(func.max(TimetableRow.version))
    .where(
        TimetableRow.organization_id == AppointmentRow.organization_id,
        TimetableRow.site_id == AppointmentRow.site_id,
        TimetableRow.week == AppointmentRow.week,
    )
    .correlate(AppointmentRow)
    .scalar_subquery(),
    "service": AppointmentRow.service,
    "modality": AppointmentRow.modality,
    "start": func.lower(AppointmentRow.during),
    "end": func.upper(AppointmentRow.during),
}
_SEAT: Final = and_(
    AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
    AppointmentPatientRow.appointment_id == AppointmentRow.id,
    AppointmentPatientRow.booked,
    AppointmentPatientRow.held_until.is_(None),
)
_SITE: Final = and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id)
_TO_COME: Final = (
    AppointmentRow.status == AppointmentStatus.BOOKED.value,
    func.upper(AppointmentRow.during) > bindparam("now", type_=_INSTANT),
)
_OF_PATIENT: Final = Query(
    select(*(column.label(name) for name, column in _PLANNED.items()), SiteRow.zone)
    .join(AppointmentPatientRow, _SEAT)
    .join(SiteRow, _SITE)
    .where(*_TO_COME, AppointmentPatientRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(func.lower(AppointmentRow.during))
)


def _open(*where: ColumnElement[bool]) -> Select[Any]:
    session = func.json_build_object(*(part for pair in _PLANNED.items() for part in pair), "zone", SiteRow.zone)
    return (
        select(
            CommitmentRow.id,
            CommitmentRow.patient_id,
            CommitmentRow.source_id,
            CommitmentRow.starts_at.label("start"),
            CommitmentRow.ends_at.label("end"),
            func.json_agg(session).label("appointments"),
        )
        .join(CommitmentSourceRow, OF_AN_ACTIVE_SOURCE)
        .join(
            AppointmentPatientRow,
            and_(
                AppointmentPatientRow.organization_id == CommitmentRow.organization_id,
                AppointmentPatientRow.patient_id == CommitmentRow.patient_id,
                AppointmentPatientRow.during.op("&&")(CommitmentRow.during),
            ),
        )
        .join(AppointmentRow, _SEAT)
        .join(SiteRow, _SITE)
        .where(*_TO_COME, CommitmentRow.id > bindparam("after", type_=Uuid), *where)
        .group_by(CommitmentRow.organization_id, CommitmentRow.id)
        .order_by(CommitmentRow.id)
        .limit(bindparam("limit", type_=Integer))
    )


_PAGE_OF_SITE: Final = Query(_open(AppointmentRow.site_id == bindparam("site_id", type_=Uuid)))
_PAGE_OF_PATIENT: Final = Query(_open(CommitmentRow.patient_id == bindparam("patient_id", type_=Uuid)))


async def planned_for(read: Read, patient_id: PatientId, now: datetime) -> list[CollidingAppointment]:
    """Fetch the patient's sessions that are not over, in order of time, with the site's offset."""
    rows = await read.all(_OF_PATIENT, patient_id=patient_id, now=now)
    return [_to_appointment(row) for row in rows]


async def page_of_site(read: Read, site_id: SiteId, page: PageRequest, now: datetime) -> list[OpenCollision]:
    """Fetch a page of the collisions with a site's sessions, and one more where there is one."""
    rows = await read.all(_PAGE_OF_SITE, site_id=site_id, after=page.after, limit=page.limit, now=now)
    return [_to_collision(row) for row in rows]


async def page_of_patient(read: Read, patient_id: PatientId, page: PageRequest, now: datetime) -> list[OpenCollision]:
    """Fetch a page of a patient's collisions, and one more where there is one."""
    rows = await read.all(_PAGE_OF_PATIENT, patient_id=patient_id, after=page.after, limit=page.limit, now=now)
    return [_to_collision(row) for row in rows]


def _to_collision(row: asyncpg.Record) -> OpenCollision:
    found: Iterable[dict[str, Any]] = json_of(row["appointments"])
    appointments = sorted(map(_to_appointment, found), key=lambda appointment: appointment.start)
    zone = appointments[0].start.tzinfo
    return OpenCollision(
        id=CommitmentId(row["id"]),
        patient_id=PatientId(row["patient_id"]),
        source_id=CommitmentSourceId(row["source_id"]),
        busy=CollidingInterval(start=row["start"].astimezone(zone), end=row["end"].astimezone(zone)),
        appointments=appointments,
        repairs=repairs_of(PatientId(row["patient_id"]), appointments),
    )


def repairs_of(patient_id: PatientId, appointments: Iterable[CollidingAppointment]) -> list[RepairOffer]:
    """Offer to repair each published week that the patient's sessions are in, in order."""
    weeks = {
        (session.week, session.site_id): session.published_version
        for session in appointments
        if session.published_version is not None
    }
    return [
        RepairOffer(
            operation_id="create_disruption",
            path="/v1/disruptions",
            body=RepairBody(
                site_id=site_id,
                week=week,
                kind=DisruptionKind.COMMITMENT_CHANGED,
                reason=DisruptionReason.CALENDAR,
                patient_id=patient_id,
            ),
            base_version=version,
        )
        for (week, site_id), version in sorted(weeks.items())
    ]


def _to_appointment(row: Any) -> CollidingAppointment:
    appointment = CollidingAppointment(code=CollisionCode.OVERLAP, **row)
    zone = ZoneInfo(row["zone"])
    local = {"start": appointment.start.astimezone(zone), "end": appointment.end.astimezone(zone)}
    return appointment.model_copy(update=local)
