"""Where wrapped keys are kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId
from services.scheduler.keys.tables import OrganizationKeyRow, PatientKeyRow

_ORGANIZATION: Final = Query(select(OrganizationKeyRow.id, OrganizationKeyRow.wrapped))
_LOCK: Final = text("lock table organization_keys in row exclusive mode")
_PATIENT: Final = Query(
    select(PatientKeyRow.id, PatientKeyRow.wrapped).where(
        PatientKeyRow.patient_id == bindparam("patient_id", type_=Uuid)
    )
)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key as it is kept."""

    id: UUID
    wrapped: bytes


async def organization_key(read: Read) -> WrappedKey | None:
    """Fetch the organization's key."""
    row = await read.one_or_none(_ORGANIZATION)
    return None if row is None else WrappedKey(row["id"], row["wrapped"])


async def patient_key(read: Read, patient_id: PatientId) -> WrappedKey | None:
    """Fetch a patient's key."""
    row = await read.one_or_none(_PATIENT, patient_id=patient_id)
    return None if row is None else WrappedKey(row["id"], row["wrapped"])


async def lock_organization_keys(db: AsyncSession) -> None:
    """Take the lock that stands before a key is wrapped: see `RootKeys.wrap`."""
    await db.execute(_LOCK)


async def add_organization_key(
    db: AsyncSession, organization_id: OrganizationId, key: WrappedKey, now: datetime
) -> None:
    """Keep the organization's key, unless somebody has made one meanwhile."""
    values = {"organization_id": organization_id, "id": key.id, "wrapped": key.wrapped, "created_at": now}
    await db.execute(insert(OrganizationKeyRow).values(values).on_conflict_do_nothing())


async def add_patient_key(
    db: AsyncSession,
    organization_id: OrganizationId,
    patient_id: PatientId,
    key: WrappedKey,
    *,
    above: UUID,
    now: datetime,
) -> None:
    """Keep a patient's key, unless somebody has made one meanwhile."""
    values = {
        "organization_id": organization_id,
        "id": key.id,
        "patient_id": patient_id,
        "organization_key_id": above,
        "wrapped": key.wrapped,
        "created_at": now,
    }
    await db.execute(insert(PatientKeyRow).values(values).on_conflict_do_nothing())
