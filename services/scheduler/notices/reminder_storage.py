"""Which seats of the book are to be reminded of, and what the book says of one by now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Interval, and_, cast, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AppointmentId, NoticeId, PatientId, SiteId
from services.contracts.scheduler.notices import NoticeKind, NoticeReason, NoticeStatus
from services.contracts.scheduler.timetables import AppointmentStatus
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow
from services.scheduler.notice_preferences.tables import NoticePreferenceRow
from services.scheduler.notices.facts import Sitting
from services.scheduler.notices.tables import NoticeRow
from services.scheduler.sites.tables import SiteRow

_START: Final = func.lower(AppointmentRow.during)
_HOUR: Final = cast(literal("1 hour"), Interval)
_CLOCKS_CHANGE_BY: Final = timedelta(hours=2)
"""More than any change of the clocks moves an hour of the day."""

_SEATS: Final = (
    select(
        AppointmentRow.id,
        AppointmentRow.site_id,
        AppointmentRow.during,
        AppointmentRow.modality,
        AppointmentPatientRow.patient_id,
        NoticePreferenceRow.reminder_hours,
        SiteRow.zone,
    )
    .join(
        AppointmentPatientRow,
        and_(
            AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
            AppointmentPatientRow.appointment_id == AppointmentRow.id,
        ),
    )
    .join(
        NoticePreferenceRow,
        and_(
            NoticePreferenceRow.organization_id == AppointmentRow.organization_id,
            NoticePreferenceRow.patient_id == AppointmentPatientRow.patient_id,
        ),
    )
    .join(
        SiteRow,
        and_(SiteRow.organization_id == AppointmentRow.organization_id, SiteRow.id == AppointmentRow.site_id),
    )
    .where(
        AppointmentRow.status == AppointmentStatus.BOOKED.value,
        AppointmentPatientRow.booked,
        AppointmentPatientRow.held_until.is_(None),
        NoticePreferenceRow.opted_in,
        ~exists().where(
            NoticeRow.organization_id == AppointmentRow.organization_id,
            NoticeRow.patient_id == AppointmentPatientRow.patient_id,
            NoticeRow.appointment_id == AppointmentRow.id,
            NoticeRow.starts_at == _START,
            NoticeRow.kind == NoticeKind.REMINDER.value,
            or_(
                NoticeRow.status != NoticeStatus.CANCELLED.value,
                NoticeRow.reason != NoticeReason.SESSION_GONE.value,
            ),
        ),
    )
    .order_by(_START, AppointmentRow.id, AppointmentPatientRow.patient_id)
)


@dataclass(frozen=True, slots=True)
class Reminded:
    """A seat that nobody has been reminded of, and how long before its patient wants to be."""

    appointment_id: AppointmentId
    site_id: SiteId
    patient_id: PatientId
    sitting: Sitting
    zone: str
    lead: timedelta


async def seats_to_remind(db: AsyncSession, now: datetime, until: datetime) -> list[Reminded]:
    """Fetch the seats whose reminder may be due until then, and some more, for SQL does not know the clocks."""
    found = await db.execute(
        _SEATS.where(
            now < _START,
            _START - NoticePreferenceRow.reminder_hours * _HOUR <= until + _CLOCKS_CHANGE_BY,
        )
    )
    return [
        Reminded(
            AppointmentId(row.id),
            SiteId(row.site_id),
            PatientId(row.patient_id),
            _sitting(row),
            row.zone,
            timedelta(hours=row.reminder_hours),
        )
        for row in found
    ]


async def sitting_of(db: AsyncSession, appointment_id: UUID, patient_id: PatientId) -> Sitting | None:
    """Fetch when a patient who has a seat in a session is to come, by now; None where there is none any more."""
    found = await db.execute(
        select(AppointmentRow.during, AppointmentRow.modality)
        .join(
            AppointmentPatientRow,
            and_(
                AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
                AppointmentPatientRow.appointment_id == AppointmentRow.id,
            ),
        )
        .where(
            AppointmentRow.id == appointment_id,
            AppointmentRow.status == AppointmentStatus.BOOKED.value,
            AppointmentPatientRow.patient_id == patient_id,
            AppointmentPatientRow.booked,
            AppointmentPatientRow.held_until.is_(None),
        )
    )
    row = found.one_or_none()
    return None if row is None else _sitting(row)


async def revive(db: AsyncSession, seat: Reminded, due: datetime) -> NoticeId | None:
    """Queue again the reminder of an occurrence that had gone and is back; None where there was none."""
    found = await db.scalar(
        update(NoticeRow)
        .where(
            NoticeRow.patient_id == seat.patient_id,
            NoticeRow.appointment_id == seat.appointment_id,
            NoticeRow.starts_at == seat.sitting.start,
            NoticeRow.kind == NoticeKind.REMINDER.value,
            NoticeRow.status == NoticeStatus.CANCELLED.value,
            NoticeRow.reason == NoticeReason.SESSION_GONE.value,
        )
        .values(status=NoticeStatus.QUEUED.value, reason=None, deliver_after=due)
        .returning(NoticeRow.id)
        .execution_options(synchronize_session=False)
    )
    return None if found is None else NoticeId(found)


def _sitting(row: Any) -> Sitting:
    return Sitting(row.during.lower, row.during.upper, Modality(row.modality))
