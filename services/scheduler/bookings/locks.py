"""How a patient is held, of whom this database has no row."""

from typing import Final

from sqlalchemy import Text, Uuid, bindparam, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import PatientId

# Patients have no row in this database: the lock is on a number made of who they are, and two of one number only wait.
_LOCK_PATIENT: Final = select(
    func.pg_advisory_xact_lock(func.hashtextextended(cast(bindparam("patient_id", type_=Uuid), Text), 0))
)


async def lock_patient(db: AsyncSession, patient_id: PatientId) -> None:
    """Let nobody else seat this patient until the transaction ends, so that what their day allows stays true."""
    await db.execute(_LOCK_PATIENT, {"patient_id": patient_id})
