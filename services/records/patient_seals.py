"""What is written about a patient is sealed with the patient's own key, whichever subject writes it.

Whoever destroys that one key has made all of it unreadable, in every backup too.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import OrganizationId, PatientId
from services.records.organization_keys import OrganizationKeyRow, open_key
from services.records.patients.tables import PatientKeyRow

Schema = TypeVar("Schema", bound=BaseModel)

_KEYS: Final = (
    select(
        PatientKeyRow.organization_id,
        PatientKeyRow.patient_id,
        PatientKeyRow.id,
        PatientKeyRow.wrapped,
        OrganizationKeyRow.id.label("above_id"),
        OrganizationKeyRow.wrapped.label("above_wrapped"),
    )
    .join(
        OrganizationKeyRow,
        (OrganizationKeyRow.organization_id == PatientKeyRow.organization_id)
        & (OrganizationKeyRow.id == PatientKeyRow.organization_key_id),
    )
    .where(PatientKeyRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))))
)
_READ_KEYS: Final = Query(_KEYS)


@dataclass(frozen=True, slots=True)
class PatientSeal:
    """One patient's data key, and the organization in whose rows it seals."""

    organization_id: OrganizationId
    key: SealingKey

    @classmethod
    def of(cls, row: Mapping[Any, Any], root: SealingKey) -> Self:
        """Unwrap the key of a row; raises SealBrokenError where what is stored was changed behind our back."""
        above = open_key(root, row["organization_id"], row["above_id"], row["above_wrapped"])
        place = Place(row["organization_id"], PatientKeyRow.__tablename__, "wrapped", row["id"])
        return cls(row["organization_id"], above.unwrap(row["id"], row["wrapped"], place))

    def close(self, table: str, column: str, row: UUID, value: bytes) -> bytes:
        """Seal a value for one column of one row; it opens nowhere else."""
        return self.key.seal(value, Place(self.organization_id, table, column, row))

    def open(self, table: str, column: str, row: UUID, sealed: bytes) -> bytes:
        """Open what was sealed for this place; raises SealBrokenError where it was changed or moved."""
        return self.key.unseal(sealed, Place(self.organization_id, table, column, row))

    def close_model(self, table: str, column: str, row: UUID, value: BaseModel) -> bytes:
        """Seal a schema's JSON."""
        return self.close(table, column, row, value.model_dump_json().encode())

    def open_model(self, schema: type[Schema], table: str, column: str, row: UUID, sealed: bytes) -> Schema:
        """Open a schema that was sealed as JSON."""
        return schema.model_validate_json(self.open(table, column, row, sealed))


async def seal_within(db: AsyncSession, root: SealingKey, patient_id: PatientId) -> PatientSeal:
    """Return the seal of a patient who exists, within a unit of work."""
    row = (await db.execute(_KEYS, {"patient_ids": [patient_id]})).mappings().one()
    return PatientSeal.of(row, root)


async def seals_to_read(
    read: Read, root: SealingKey, patient_ids: Collection[PatientId]
) -> Mapping[PatientId, PatientSeal]:
    """Return the seals of these patients, in one round trip."""
    rows = await read.all(_READ_KEYS, patient_ids=sorted(set(patient_ids)))
    return {PatientId(row["patient_id"]): PatientSeal.of(row, root) for row in rows}
