"""Where patients' accounts are kept."""

from typing import Final

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import AccountId, OrganizationId, PatientAccountId, PatientId
from services.contracts.records.own_record import PatientAccount
from services.records.own_record.tables import PatientAccountRow

_LINK: Final = select(*(column for column in PatientAccountRow.__table__.c if column.name != "organization_id"))
# By what is committed and not by the time: the clock of who ended a link may be ahead of that of who asks.
_PATIENT_OF: Final = select(PatientAccountRow.patient_id).where(
    PatientAccountRow.account_id == bindparam("account_id", type_=Uuid), PatientAccountRow.until_at.is_(None)
)
_READ_PATIENT_OF: Final = Query(_PATIENT_OF)
_OF_PATIENT: Final = Query(
    _LINK.where(PatientAccountRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(PatientAccountRow.id)
)


class PatientAccountQueries:
    """Reads of patients' accounts."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def patient_of(self, account_id: AccountId) -> PatientId | None:
        """Return which patient signs in by an account now."""
        row = await self._read.one_or_none(_READ_PATIENT_OF, account_id=account_id)
        return None if row is None else PatientId(row["patient_id"])

    async def of_patient(self, patient_id: PatientId) -> list[PatientAccount]:
        """Return the accounts of a patient, those that have ended too, oldest first."""
        rows = await self._read.all(_OF_PATIENT, patient_id=patient_id)
        return [PatientAccount.model_validate(dict(row)) for row in rows]


class PatientAccountRows:
    """Patients' accounts within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, link: PatientAccount) -> bool:
        """Write a link; says whether neither patient nor account is linked at its time."""
        written = insert(PatientAccountRow).values(organization_id=self._organization_id, **link.model_dump())
        try:
            async with self._db.begin_nested():
                await self._db.execute(written)
        except IntegrityError as error:
            if (violated_constraint(error) or "").endswith("_excl"):
                return False
            raise
        return True

    async def patient_of(self, account_id: AccountId) -> PatientId | None:
        """Return which patient signs in by an account, and make those wait who want to end that."""
        found = await self._db.scalar(_PATIENT_OF.with_for_update(read=True), {"account_id": account_id})
        return None if found is None else PatientId(found)

    async def one(self, link_id: PatientAccountId) -> PatientAccount | None:
        """Return a link, and make others wait who want to end it."""
        found = _LINK.where(PatientAccountRow.id == link_id).with_for_update()
        row = (await self._db.execute(found)).mappings().one_or_none()
        return None if row is None else PatientAccount.model_validate(dict(row))

    async def end(self, link: PatientAccount) -> None:
        """Write when a link ended, and by whom."""
        await self._db.execute(
            update(PatientAccountRow)
            .where(PatientAccountRow.id == link.id)
            .values(until_at=link.until_at, ended_by=link.ended_by)
        )
