"""Where it is kept who of the family takes part in what."""

from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.base import ResourceModel
from services.contracts.identifiers import (
    AccountId,
    FamilyParticipationId,
    OrganizationId,
    PatientId,
    RelatedPersonId,
)
from services.contracts.records.family_participations import FamilyParticipationKind
from services.records.family.tables import FamilyParticipationRow


class KeptParticipation(ResourceModel):
    """A participation as it is kept."""

    id: FamilyParticipationId
    related_person_id: RelatedPersonId
    patient_id: PatientId
    kind: FamilyParticipationKind
    patient_agreed_on: date
    promised_on: date | None
    recorded_by: AccountId
    recorded_at: datetime
    ended_at: datetime | None


class ParticipationRows:
    """Participations within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, kept: KeptParticipation) -> bool:
        """Write a participation; says whether the person did not take part in this before."""
        values = {"organization_id": self._organization_id, **kept.model_dump(), "kind": kept.kind.value}
        written = insert(FamilyParticipationRow).values(values).on_conflict_do_nothing()
        return (await self._db.execute(written.returning(FamilyParticipationRow.id))).scalar() is not None

    async def one(self, participation_id: FamilyParticipationId) -> KeptParticipation | None:
        """Return a participation."""
        found = await self._db.execute(
            select(FamilyParticipationRow.__table__).where(FamilyParticipationRow.id == participation_id)
        )
        row = found.mappings().one_or_none()
        return None if row is None else KeptParticipation.model_validate(dict(row))

    async def of_patient(self, patient_id: PatientId) -> list[KeptParticipation]:
        """Return who takes or took part with a patient, oldest first."""
        found = await self._db.execute(
            select(FamilyParticipationRow.__table__)
            .where(FamilyParticipationRow.patient_id == patient_id)
            .order_by(FamilyParticipationRow.id)
        )
        return [KeptParticipation.model_validate(dict(row)) for row in found.mappings()]

    async def end(self, ended: KeptParticipation) -> None:
        """Write when it ended."""
        row = FamilyParticipationRow
        await self._db.execute(update(row).where(row.id == ended.id).values(ended_at=ended.ended_at))
