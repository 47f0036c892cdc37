"""Where sessions of closed hours go on by video."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AppointmentId, PatientId
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.seats import given_back
from services.scheduler.appointments.tables import AppointmentPatientRow, AppointmentRow


async def switch_to_video(
    db: AsyncSession, appointment_id: AppointmentId, leaving: Collection[PatientId], now: datetime
) -> None:
    """Let a session that this transaction holds go on by video, without its room and without those who leave it."""
    await db.execute(
        delete(AppointmentPatientRow).where(
            AppointmentPatientRow.appointment_id == appointment_id, AppointmentPatientRow.patient_id.in_(leaving)
        )
    )
    await db.execute(
        update(AppointmentRow)
        .where(AppointmentRow.id == appointment_id)
        .values(
            modality=Modality.TELEHEALTH.value,
            room_id=None,
            **given_back(len(leaving)),
            sequence=AppointmentRow.sequence + 1,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
