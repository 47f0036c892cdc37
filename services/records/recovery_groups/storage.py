"""Where it is kept who wishes to be in which group."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.records.recovery_groups import RecoveryGroupChoice
from services.records.recovery_groups.tables import RecoveryGroupChoiceRow

_CHOICE: Final = select(RecoveryGroupChoiceRow.__table__).order_by(
    RecoveryGroupChoiceRow.patient_id, RecoveryGroupChoiceRow.number.desc()
)
_OF_MANY: Final = Query(
    _CHOICE.where(RecoveryGroupChoiceRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))))
)


class RecoveryGroupQueries:
    """Reads of wishes."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_many(self, patient_ids: Sequence[PatientId]) -> list[RecoveryGroupChoice]:
        """Return every wish of these patients, each one's newest first."""
        return [_to_choice(row) for row in await self._read.all(_OF_MANY, patient_ids=list(patient_ids))]


class RecoveryGroupRows:
    """Wishes within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def of_patient(self, patient_id: PatientId) -> list[RecoveryGroupChoice]:
        """Return every wish of a patient who is locked, the newest first."""
        found = await self._db.execute(_CHOICE.where(RecoveryGroupChoiceRow.patient_id == patient_id))
        return [_to_choice(row) for row in found.mappings()]

    async def add(self, choice: RecoveryGroupChoice) -> None:
        """Write a wish."""
        values = choice.model_dump(exclude={"group"})
        row = RecoveryGroupChoiceRow(organization_id=self._organization_id, kind=choice.group.value, **values)
        self._db.add(row)
        await self._db.flush()


def _to_choice(row: Mapping[Any, Any]) -> RecoveryGroupChoice:
    return RecoveryGroupChoice.model_validate({**row, "group": row["kind"]})
