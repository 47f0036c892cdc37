"""Where the outbox is kept."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import OrganizationId, PatientId, RecordSealId
from services.contracts.records.record_seals import MOST_SEALS, RecordSeal
from services.records.record_seals.tables import RecordSealRow


class RecordSealRows:
    """The outbox of all organizations, within a unit of work."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def end(self, seals: Collection[RecordSealId], before: datetime) -> list[tuple[OrganizationId, PatientId]]:
        """Keep those of these no longer that were written before then, and return whose they are."""
        row = RecordSealRow
        ended = (
            delete(row).where(row.id.in_(seals), row.sealed_at < before).returning(row.organization_id, row.patient_id)
        )
        return [(OrganizationId(one), PatientId(patient_id)) for one, patient_id in await self._db.execute(ended)]

    async def next(self, after: RecordSealId | None) -> list[RecordSeal]:
        """Return the next seals, in an order that says nothing."""
        row = RecordSealRow
        asked = select(row.id, row.organization_id, row.patient_id).where(row.id > (after or UUID(int=0)))
        found = await self._db.execute(asked.order_by(row.id).limit(MOST_SEALS))
        return [RecordSeal.model_validate(one) for one in found.mappings()]
