"""Where family is kept, sealed with the patient's own key."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Uuid, any_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId, RecipientId, RelatedPersonId
from services.contracts.records.family import (
    FamilyExemption,
    FamilyExemptionRequest,
    RelatedPerson,
    RelatedPersonRequest,
)
from services.records.family.tables import FamilyExemptionRow, RelatedPersonRow
from services.records.person_seal import PersonSeal

_PERSONS: Final = RelatedPersonRow.__tablename__
_EXEMPTIONS: Final = FamilyExemptionRow.__tablename__
_PERSON: Final = select(RelatedPersonRow.__table__)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_OF_PATIENT: Final = Query(_PERSON.where(RelatedPersonRow.patient_id == _PATIENT_ID).order_by(RelatedPersonRow.id))
_EXEMPT: Final = Query(
    select(FamilyExemptionRow.__table__)
    .where(FamilyExemptionRow.patient_id == _PATIENT_ID)
    .order_by(FamilyExemptionRow.month)
)


_EXEMPT_MONTHS: Final = Query(
    select(FamilyExemptionRow.patient_id, FamilyExemptionRow.month).where(
        FamilyExemptionRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid)))
    )
)


class KeptPerson(NamedTuple):
    """A related person as they are kept, what they are to the patient still closed."""

    id: RelatedPersonId
    patient_id: PatientId
    recipient_id: RecipientId
    row: Mapping[Any, Any]

    @property
    def is_over(self) -> bool:
        """Whether they are close to the patient no longer."""
        return self.row["ended_at"] is not None

    def open(self, seal: PersonSeal) -> RelatedPerson:
        """Open what they are to the patient."""
        details = seal.open(self.row["details"], _PERSONS, "details", self.id)
        said = RelatedPersonRequest.model_validate_json(details)
        kept = {name: self.row[name] for name in ("id", "patient_id", "created_by", "created_at", "ended_at")}
        return RelatedPerson.model_validate({**said.model_dump(), **kept})


class SealedExemption(NamedTuple):
    """A month without family counselling, the reason still closed."""

    row: Mapping[Any, Any]

    def open(self, seal: PersonSeal) -> FamilyExemption:
        """Open the reason."""
        month, patient_id = self.row["month"], self.row["patient_id"]
        details = seal.open(self.row["details"], _EXEMPTIONS, f"details{month}", patient_id)
        said = FamilyExemptionRequest.model_validate_json(details)
        kept = {name: self.row[name] for name in ("patient_id", "month", "decided_by", "decided_at")}
        return FamilyExemption.model_validate({**said.model_dump(), **kept})


class FamilyQueries:
    """Reads of family."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def persons(self, patient_id: PatientId) -> list[KeptPerson]:
        """Return who is or was close to a patient, in the order they were entered."""
        return [_to_person(row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def exemptions(self, patient_id: PatientId) -> list[SealedExemption]:
        """Return the months of a patient that go without family counselling."""
        return [SealedExemption(row) for row in await self._read.all(_EXEMPT, patient_id=patient_id)]

    async def exempt_months(self, patient_ids: list[PatientId]) -> set[tuple[PatientId, date]]:
        """Return which months of these patients go without family counselling; why stays sealed."""
        rows = await self._read.all(_EXEMPT_MONTHS, patient_ids=patient_ids)
        return {(PatientId(row["patient_id"]), row["month"]) for row in rows}


class FamilyRows:
    """Family within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, person: RelatedPerson, said: RelatedPersonRequest, seal: PersonSeal) -> bool:
        """Write a related person; says whether they were not close to the patient already."""
        kept = person.model_dump(include={"id", "patient_id", "recipient_id", "created_by", "created_at", "ended_at"})
        details = seal.close(said.model_dump_json().encode(), _PERSONS, "details", person.id)
        written = insert(RelatedPersonRow).values(organization_id=self._organization_id, details=details, **kept)
        added = await self._db.execute(written.on_conflict_do_nothing().returning(RelatedPersonRow.id))
        return added.scalar() is not None

    async def one(self, person_id: RelatedPersonId) -> KeptPerson | None:
        """Return a related person."""
        found = await self._db.execute(_PERSON.where(RelatedPersonRow.id == person_id))
        row = found.mappings().one_or_none()
        return None if row is None else _to_person(row)

    async def of_patient(self, patient_id: PatientId) -> list[KeptPerson]:
        """Return who is or was close to a patient, in the order they were entered."""
        asked = _PERSON.where(RelatedPersonRow.patient_id == patient_id).order_by(RelatedPersonRow.id)
        return [_to_person(row) for row in (await self._db.execute(asked)).mappings()]

    async def end(self, person_id: RelatedPersonId, now: datetime) -> None:
        """Say that somebody is close to the patient no longer."""
        await self._db.execute(update(RelatedPersonRow).where(RelatedPersonRow.id == person_id).values(ended_at=now))

    async def exempt(self, exemption: FamilyExemption, said: FamilyExemptionRequest, seal: PersonSeal) -> bool:
        """Write a month without family counselling; says whether none was written of it before."""
        details = seal.close(
            said.model_dump_json().encode(), _EXEMPTIONS, f"details{exemption.month}", exemption.patient_id
        )
        kept = exemption.model_dump(include={"patient_id", "month", "decided_by", "decided_at"})
        written = insert(FamilyExemptionRow).values(organization_id=self._organization_id, details=details, **kept)
        added = await self._db.execute(written.on_conflict_do_nothing().returning(FamilyExemptionRow.month))
        return added.scalar() is not None


def _to_person(row: Mapping[Any, Any]) -> KeptPerson:
    return KeptPerson(row["id"], row["patient_id"], row["recipient_id"], row)
