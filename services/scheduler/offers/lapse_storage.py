"""Where it is kept whom to ask when a hold lapses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AppointmentId, HoldLapseId, PatientId
from services.contracts.records.treatment_plans import PatientSeating
from services.scheduler.dispatch import LapseCall
from services.scheduler.offers.tables import HoldLapseRow


@dataclass(frozen=True, slots=True)
class HoldLapse:
    """A hold that lapses, and what records said of those who wait next."""

    appointment_id: AppointmentId
    lapses_at: datetime
    seatings: Sequence[PatientSeating]


async def add(
    db: AsyncSession,
    call: LapseCall,
    appointment_id: AppointmentId,
    patient_id: PatientId,
    *,
    lapses_at: datetime,
    seatings: Sequence[PatientSeating],
) -> None:
    """Keep whom to ask when a patient's hold lapses."""
    await db.execute(
        insert(HoldLapseRow).values(
            organization_id=call.organization_id,
            id=call.lapse_id,
            appointment_id=appointment_id,
            patient_id=patient_id,
            lapses_at=lapses_at,
            seatings=[seating.model_dump(mode="json") for seating in seatings],
        )
    )


async def forget(db: AsyncSession, appointment_id: AppointmentId, patient_id: PatientId) -> None:
    """Keep nothing of a patient's hold any more."""
    await db.execute(
        delete(HoldLapseRow).where(HoldLapseRow.appointment_id == appointment_id, HoldLapseRow.patient_id == patient_id)
    )


async def hold(db: AsyncSession, lapse_id: HoldLapseId) -> HoldLapse | None:
    """Fetch a lapse, which nobody else can then look at until the transaction ends; None where it is dealt with."""
    found = await db.scalar(select(HoldLapseRow).where(HoldLapseRow.id == lapse_id).with_for_update())
    if found is None:
        return None
    # An earlier release kept no last day, for the minutes that a hold lasts.
    seatings = [PatientSeating.model_validate({"left_on": None, **seating}) for seating in found.seatings]
    return HoldLapse(AppointmentId(found.appointment_id), found.lapses_at, seatings)


async def end(db: AsyncSession, lapse_id: HoldLapseId) -> None:
    """Keep nothing of a lapse any more."""
    await db.execute(delete(HoldLapseRow).where(HoldLapseRow.id == lapse_id))
