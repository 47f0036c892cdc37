"""Where corrections of patients are kept: what was before is sealed with the patient's own key, as what is now."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.root_keys import RootKeys
from services.contracts.base import ResourceModel
from services.contracts.identifiers import OrganizationId, PatientId
from services.contracts.records.patients import Patient, PatientVersion
from services.records.organization_keys import organization_key
from services.records.patients.likeness import digest, likeness
from services.records.patients.tables import PatientRow, PatientVersionRow
from services.records.person_seal import PersonSeal

_TABLE: Final = PatientVersionRow.__tablename__
_IDENTITY: Final = ("given_name", "family_name", "birth_date")
_OF_PATIENT: Final = Query(
    select(PatientVersionRow.__table__)
    .where(PatientVersionRow.patient_id == bindparam("patient_id", type_=Uuid))
    .order_by(PatientVersionRow.version)
)


class _Identity(ResourceModel):
    """What is sealed of a version."""

    given_name: str
    family_name: str
    birth_date: date


class PatientVersionQueries:
    """Reads of what corrections have replaced."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_patient(self, patient_id: PatientId, seal: PersonSeal) -> list[PatientVersion]:
        """Return what was written of a patient before each correction, oldest first.

        Raises:
            SealBrokenError: What is stored was changed behind our back.
        """
        versions = []
        for row in await self._read.all(_OF_PATIENT, patient_id=patient_id):
            identity = _Identity.model_validate_json(seal.open(row["identity"], _TABLE, "identity", row["id"]))
            versions.append(PatientVersion.model_validate({**row, **identity.model_dump()}))
        return versions


class PatientCorrectionRows:
    """Corrections within a unit of work."""

    def __init__(self, db: AsyncSession, root: RootKeys, organization_id: OrganizationId) -> None:
        self._db = db
        self._root = root
        self._organization_id = organization_id

    async def replace(self, identifier: UUID, replaced: PatientVersion, patient: Patient, seal: PersonSeal) -> None:
        """Keep what was written of a patient whom this transaction has locked, and write what holds from now on."""
        identity = _Identity.model_validate(replaced.model_dump()).model_dump_json().encode()
        plain = replaced.model_dump(exclude=set(_IDENTITY))
        self._db.add(
            PatientVersionRow(
                organization_id=self._organization_id,
                id=identifier,
                patient_id=patient.id,
                identity=seal.close(identity, _TABLE, "identity", identifier),
                **plain,
            )
        )
        await self._db.flush()
        await self._db.execute(
            update(PatientRow)
            .where(PatientRow.id == patient.id)
            .values(await self._sealed(patient, seal, replaced.corrected_at))
            .execution_options(synchronize_session=False)
        )

    async def _sealed(self, patient: Patient, seal: PersonSeal, now: datetime) -> dict[str, Any]:
        _, key = await organization_key(self._db, self._root, self._organization_id, now)
        identity = {
            "given_name": patient.given_name,
            "family_name": patient.family_name,
            "birth_date": patient.birth_date.isoformat(),
        }
        return {
            **{
                column: seal.close(text.encode(), PatientRow.__tablename__, column, patient.id)
                for column, text in identity.items()
            },
            "site_id": patient.site_id,
            "version": patient.version,
            "likeness": digest(key, likeness(patient.given_name, patient.family_name, patient.birth_date)),
        }
