"""Where medication is kept, sealed with the patient's own key."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import AccountId, MedicationId, OrganizationId, PatientId
from services.contracts.records.medications import Dose, MedicationEnd, MedicationRequest
from services.records.medications.tables import MedicationDoseRow, MedicationRow
from services.records.person_seal import PersonSeal

_TABLE: Final = MedicationRow.__tablename__
_DOSES: Final = MedicationDoseRow.__tablename__
_MEDICATION: Final = select(MedicationRow.__table__)
_DOSE: Final = select(MedicationDoseRow.__table__).order_by(MedicationDoseRow.medication_id, MedicationDoseRow.number)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_OF_PATIENT: Final = Query(_MEDICATION.where(MedicationRow.patient_id == _PATIENT_ID).order_by(MedicationRow.id))
_DOSES_OF_PATIENT: Final = Query(
    _DOSE.join(
        MedicationRow,
        (MedicationRow.organization_id == MedicationDoseRow.organization_id)
        & (MedicationRow.id == MedicationDoseRow.medication_id),
    ).where(MedicationRow.patient_id == _PATIENT_ID)
)

_OF_MANY: Final = Query(
    _MEDICATION.where(MedicationRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid)))).order_by(
        MedicationRow.id
    )
)
_DOSES_OF_MANY: Final = Query(
    _DOSE.where(MedicationDoseRow.medication_id == any_(bindparam("medication_ids", type_=ARRAY(Uuid))))
)

IN_CHART: Final = (_OF_PATIENT, _DOSES_OF_PATIENT)
"""What `MedicationQueries` asks of a patient."""


class Kept(NamedTuple):
    """A medicine as it is kept, what was written of it still closed."""

    id: MedicationId
    patient_id: PatientId
    details: bytes
    ending: bytes | None
    created_by: AccountId
    created_at: datetime

    def said(self, seal: PersonSeal) -> MedicationRequest:
        """Open what is taken."""
        return MedicationRequest.model_validate_json(seal.open(self.details, _TABLE, "details", self.id))

    def ended(self, seal: PersonSeal) -> MedicationEnd | None:
        """Open how it ended; None while it is taken."""
        if self.ending is None:
            return None
        return MedicationEnd.model_validate_json(seal.open(self.ending, _TABLE, "ending", self.id))


class SealedDose(NamedTuple):
    """A dose that is still closed."""

    medication_id: MedicationId
    number: int
    details: bytes

    def open(self, seal: PersonSeal) -> Dose:
        """Open what was recorded."""
        details = seal.open(self.details, _DOSES, _column(self.number), self.medication_id)
        return Dose.model_validate_json(details)


class MedicationQueries:
    """Reads of medication."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId) -> list[Kept]:
        """Return a patient's medicines in the order they were entered."""
        return [_to_kept(row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def doses(self, patient_id: PatientId) -> list[SealedDose]:
        """Return the doses of all of a patient's medicines, each medicine's as they were recorded."""
        return _to_doses(await self._read.all(_DOSES_OF_PATIENT, patient_id=patient_id))

    async def of_many(self, patient_ids: Sequence[PatientId]) -> list[Kept]:
        """Return the medicines of these patients."""
        return [_to_kept(row) for row in await self._read.all(_OF_MANY, patient_ids=list(patient_ids))]

    async def doses_of_many(self, medication_ids: Sequence[MedicationId]) -> list[SealedDose]:
        """Return the doses of these medicines, each medicine's as they were recorded."""
        return _to_doses(await self._read.all(_DOSES_OF_MANY, medication_ids=list(medication_ids)))


class MedicationRows:
    """Medication within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(
        self,
        medication_id: MedicationId,
        patient_id: PatientId,
        said: MedicationRequest,
        seal: PersonSeal,
        by: tuple[AccountId, datetime],
    ) -> Kept:
        """Write a medicine."""
        details = seal.close(said.model_dump_json().encode(), _TABLE, "details", medication_id)
        kept = Kept(medication_id, patient_id, details, None, *by)
        self._db.add(MedicationRow(organization_id=self._organization_id, **kept._asdict()))
        await self._db.flush()
        return kept

    async def one(self, medication_id: MedicationId) -> Kept | None:
        """Return a medicine."""
        found = await self._db.execute(_MEDICATION.where(MedicationRow.id == medication_id))
        row = found.mappings().one_or_none()
        return None if row is None else _to_kept(row)

    async def of_patient(self, patient_id: PatientId) -> list[Kept]:
        """Return a patient's medicines in the order they were entered."""
        asked = _MEDICATION.where(MedicationRow.patient_id == patient_id).order_by(MedicationRow.id)
        return [_to_kept(row) for row in (await self._db.execute(asked)).mappings()]

    async def doses(self, medication_id: MedicationId) -> list[SealedDose]:
        """Return the doses of a medicine as they were recorded."""
        found = await self._db.execute(_DOSE.where(MedicationDoseRow.medication_id == medication_id))
        return _to_doses(found.mappings())

    async def end(self, kept: Kept, end: MedicationEnd, seal: PersonSeal) -> Kept:
        """Write how a medicine ended."""
        closed = seal.close(end.model_dump_json().encode(), _TABLE, "ending", kept.id)
        await self._db.execute(update(MedicationRow).where(MedicationRow.id == kept.id).values(ending=closed))
        return kept._replace(ending=closed)

    async def add_dose(self, kept: Kept, dose: Dose, seal: PersonSeal) -> None:
        """Write what was recorded of a day; the patient is locked, so that numbers do not meet."""
        highest = select(func.max(MedicationDoseRow.number)).where(MedicationDoseRow.medication_id == kept.id)
        number = (await self._db.scalar(highest) or 0) + 1
        details = seal.close(dose.model_dump_json().encode(), _DOSES, _column(number), kept.id)
        self._db.add(
            MedicationDoseRow(
                organization_id=self._organization_id, medication_id=kept.id, number=number, details=details
            )
        )
        await self._db.flush()


def _column(number: int) -> str:
    # The doses of a medicine share its id: without its number one would open in the place of another.
    return f"details{number}"


def _to_kept(row: Mapping[Any, Any]) -> Kept:
    return Kept(**{name: row[name] for name in Kept._fields})


def _to_doses(rows: Iterable[Mapping[Any, Any]]) -> list[SealedDose]:
    return [SealedDose(**{name: row[name] for name in SealedDose._fields}) for row in rows]
