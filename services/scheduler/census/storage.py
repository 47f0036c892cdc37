"""Where the census reads the book."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Uuid, and_, bindparam, func, select

from services.chassis.database import Query, Read
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentPractitionerRow, AppointmentRow
from services.scheduler.census.meetings import BookedMeeting
from services.scheduler.timetables.tables import TimetableRow

_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_FIRST: Final = bindparam("first", type_=Date)
_LAST: Final = bindparam("last", type_=Date)
_PATIENTS: Final = (
    select(func.array_agg(AppointmentPatientRow.patient_id))
    .where(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.held_until.is_(None),
    )
    .scalar_subquery()
)
_MEETINGS: Final = Query(
    select(
        AppointmentRow.week,
        AppointmentRow.service,
        AppointmentRow.modality,
        AppointmentRow.track,
        AppointmentRow.language,
        func.lower(AppointmentRow.during).label("start"),
        func.upper(AppointmentRow.during).label("end"),
        AppointmentRow.capacity,
        AppointmentPractitionerRow.practitioner_id,
        _PATIENTS.label("patients"),
    )
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
        AppointmentRow.week.between(_FIRST, _LAST),
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
    )
)
_PUBLISHED: Final = Query(
    select(TimetableRow.week)
    .where(TimetableRow.site_id == _SITE_ID, TimetableRow.week.between(_FIRST, _LAST))
    .distinct()
)


async def meetings(read: Read, site_id: SiteId, first: date, last: date, zone: ZoneInfo) -> list[BookedMeeting]:
    """Fetch what is booked in the weeks, with the site's offset."""
    return [
        BookedMeeting(
            **{
                **row,
                "service": ServiceKind(row["service"]),
                "modality": Modality(row["modality"]),
                "start": row["start"].astimezone(zone),
                "end": row["end"].astimezone(zone),
                "patients": frozenset(PatientId(patient) for patient in row["patients"] or ()),
            }
        )
        for row in await read.all(_MEETINGS, site_id=site_id, first=first, last=last)
    ]


async def published_weeks(read: Read, site_id: SiteId, first: date, last: date) -> set[date]:
    """Fetch which of the weeks are published."""
    return {row["week"] for row in await read.all(_PUBLISHED, site_id=site_id, first=first, last=last)}
