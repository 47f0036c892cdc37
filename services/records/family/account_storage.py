"""Where the accounts of related persons are kept."""

from typing import Final, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AccountId, OrganizationId, RelatedPersonAccountId, RelatedPersonId
from services.contracts.records.related_person_accounts import RelatedPersonAccount
from services.records.family.tables import RelatedPersonAccountRow

_ACCOUNT: Final = select(*(RelatedPersonAccountRow.__table__.c[name] for name in RelatedPersonAccount.model_fields))


class ToClaim(NamedTuple):
    """An account that has still to be claimed, and what a claim is held against."""

    account: RelatedPersonAccount
    code_sha256: bytes
    attempts: int


class RelatedPersonAccountRows:
    """Accounts of related persons within a unit of work; who changes one has locked its patient."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, account: RelatedPersonAccount, code_sha256: bytes) -> bool:
        """Write an account to claim; says whether the person has no other, and the account nothing else to claim."""
        values = {"organization_id": self._organization_id, "code_sha256": code_sha256, **account.model_dump()}
        written = insert(RelatedPersonAccountRow).values(values).on_conflict_do_nothing()
        return (await self._db.execute(written.returning(RelatedPersonAccountRow.id))).scalar() is not None

    async def one(self, account_id: RelatedPersonAccountId) -> RelatedPersonAccount | None:
        """Return one of them."""
        found = await self._db.execute(_ACCOUNT.where(RelatedPersonAccountRow.id == account_id))
        row = found.mappings().one_or_none()
        return None if row is None else RelatedPersonAccount.model_validate(dict(row))

    async def of_person(self, person_id: RelatedPersonId) -> list[RelatedPersonAccount]:
        """Return the accounts of a related person, those that have ended too, oldest first."""
        found = await self._db.execute(
            _ACCOUNT.where(RelatedPersonAccountRow.related_person_id == person_id).order_by(RelatedPersonAccountRow.id)
        )
        return [RelatedPersonAccount.model_validate(dict(row)) for row in found.mappings()]

    async def claimed_by(self, account_id: AccountId) -> list[RelatedPersonAccount]:
        """Return which related persons somebody is who signs in by an account now.

        In the order of their patients, so that two who lock these one after the other do not wait for each other.
        """
        row = RelatedPersonAccountRow
        found = await self._db.execute(
            _ACCOUNT.where(row.account_id == account_id, row.until_at.is_(None), row.claimed_at.is_not(None)).order_by(
                row.patient_id, row.id
            )
        )
        return [RelatedPersonAccount.model_validate(dict(one)) for one in found.mappings()]

    async def to_claim(self, account_id: AccountId) -> ToClaim | None:
        """Return what an account has still to claim."""
        row = RelatedPersonAccountRow
        found = await self._db.execute(
            _ACCOUNT.add_columns(row.code_sha256, row.attempts).where(
                row.account_id == account_id, row.until_at.is_(None), row.claimed_at.is_(None)
            )
        )
        kept = found.mappings().one_or_none()
        if kept is None:
            return None
        told = {name: kept[name] for name in RelatedPersonAccount.model_fields}
        return ToClaim(RelatedPersonAccount.model_validate(told), kept["code_sha256"], kept["attempts"])

    async def attempted(self, account_id: RelatedPersonAccountId, attempts: int) -> None:
        """Write how many claims did not fit."""
        await self._set(account_id, attempts=attempts)

    async def put(self, account: RelatedPersonAccount) -> None:
        """Write when an account was claimed, and when and by whom it was ended."""
        await self._set(account.id, claimed_at=account.claimed_at, until_at=account.until_at, ended_by=account.ended_by)

    async def _set(self, account_id: RelatedPersonAccountId, **values: object) -> None:
        row = RelatedPersonAccountRow
        await self._db.execute(update(row).where(row.id == account_id).values(**values))
