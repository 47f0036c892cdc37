"""Where it is kept of whom nothing may be planned any more."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId
from services.scheduler.sealed_patients.tables import SealedPatientRow

_SEALED: Final = Query(
    select(SealedPatientRow.patient_id).where(
        SealedPatientRow.patient_id == any_(bindparam("patients", type_=ARRAY(Uuid)))
    )
)
_NAME: Final = func.hashtextextended(
    func.concat("sealed_patients ", cast(bindparam("organization_id", type_=Uuid), Text)), 0
)
_PLAN: Final = select(func.pg_advisory_xact_lock_shared(_NAME))
_SEAL: Final = select(func.pg_advisory_xact_lock(_NAME))


async def lock_to_plan(db: AsyncSession, organization_id: OrganizationId) -> None:
    """Let nobody be remembered in the organization until the transaction ends; others may plan meanwhile."""
    await db.execute(_PLAN, {"organization_id": organization_id})


async def lock_to_seal(db: AsyncSession, organization_id: OrganizationId) -> None:
    """Wait for who is planning in the organization, so that what they planned can be seen, and let nobody begin."""
    await db.execute(_SEAL, {"organization_id": organization_id})


async def remember(db: AsyncSession, organization_id: OrganizationId, patient_id: PatientId, now: datetime) -> None:
    """Keep that nothing may be planned of the patient any more."""
    values = {"organization_id": organization_id, "patient_id": patient_id, "heard_at": now}
    await db.execute(insert(SealedPatientRow).values(values).on_conflict_do_nothing())


async def sealed_among(read: Read, patients: Collection[PatientId]) -> set[PatientId]:
    """Fetch of whom among these nothing may be planned any more."""
    return {PatientId(row["patient_id"]) for row in await read.all(_SEALED, patients=list(patients))}
