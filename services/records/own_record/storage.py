"""Where patients' accounts are kept."""

from typing import Final, NamedTuple

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read, violated_constraint
from services.contracts.identifiers import AccountId, OrganizationId, PatientAccountId, PatientId
from services.contracts.records.own_record import PatientAccount
from services.records.own_record.tables import PatientAccountRow
from services.records.patients.tables import PatientRow

_LINK: Final = select(*(PatientAccountRow.__table__.c[name] for name in PatientAccount.model_fields))
# By what is committed and not by the time: the clock of who ended a link may be ahead of that of who asks.
_PATIENT_OF: Final = select(PatientAccountRow.patient_id).where(
    PatientAccountRow.account_id == bindparam("account_id", type_=Uuid),
    PatientAccountRow.until_at.is_(None),
    PatientAccountRow.claimed_at.is_not(None),
)
_TO_CLAIM: Final = _LINK.add_columns(PatientAccountRow.code_sha256, PatientAccountRow.attempts).where(
    PatientAccountRow.account_id == bindparam("account_id", type_=Uuid),
    PatientAccountRow.until_at.is_(None),
    PatientAccountRow.claimed_at.is_(None),
)
_LOCK_PATIENT: Final = (
    select(PatientRow.id).where(PatientRow.id == bindparam("patient_id", type_=Uuid)).with_for_update(key_share=True)
)
_READ_PATIENT_OF: Final = Query(_PATIENT_OF)
_OF_PATIENT: Final = Query(
    _LINK.where(PatientAccountRow.patient_id == bindparam("patient_id", type_=Uuid)).order_by(PatientAccountRow.id)
)


class ToClaim(NamedTuple):
    """A link that has still to be claimed, and what a claim is held against."""

    link: PatientAccount
    code_sha256: bytes
    attempts: int


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
    """Patients' accounts within a unit of work; who changes one has locked its patient."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, link: PatientAccount, code_sha256: bytes) -> bool:
        """Write a link that is to be claimed; says whether neither patient nor account is linked at its time."""
        written = insert(PatientAccountRow).values(
            organization_id=self._organization_id, code_sha256=code_sha256, **link.model_dump()
        )
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
        found = await self._db.scalar(_PATIENT_OF, {"account_id": account_id})
        if found is None:
            return None
        await self._db.execute(_LOCK_PATIENT, {"patient_id": found})
        # Read again: it may have ended before the patient was locked.
        again = await self._db.scalar(_PATIENT_OF, {"account_id": account_id})
        return PatientId(found) if again == found else None

    async def to_claim(self, account_id: AccountId) -> ToClaim | None:
        """Return what an account has still to claim."""
        row = (await self._db.execute(_TO_CLAIM, {"account_id": account_id})).mappings().one_or_none()
        if row is None:
            return None
        told = {name: row[name] for name in PatientAccount.model_fields}
        return ToClaim(PatientAccount.model_validate(told), row["code_sha256"], row["attempts"])

    async def attempted(self, link_id: PatientAccountId, attempts: int) -> None:
        """Write how many claims did not fit."""
        await self._set(link_id, attempts=attempts)

    async def claim(self, link: PatientAccount) -> None:
        """Write when a link was claimed."""
        await self._set(link.id, claimed_at=link.claimed_at)

    async def one(self, link_id: PatientAccountId) -> PatientAccount | None:
        """Return a link."""
        row = (await self._db.execute(_LINK.where(PatientAccountRow.id == link_id))).mappings().one_or_none()
        return None if row is None else PatientAccount.model_validate(dict(row))

    async def end(self, link: PatientAccount) -> None:
        """Write when a link ended, and by whom."""
        await self._set(link.id, until_at=link.until_at, ended_by=link.ended_by)

    async def _set(self, link_id: PatientAccountId, **values: object) -> None:
        await self._db.execute(update(PatientAccountRow).where(PatientAccountRow.id == link_id).values(**values))
