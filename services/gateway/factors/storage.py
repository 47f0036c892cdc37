"""Where second factors are kept; that a code opens once is decided by one statement on its row."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.sealing import Place, SealingKey
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.factors.tables import RecoveryCodeRow, TotpFactorRow

_NO_ORGANIZATION: Final = OrganizationId(UUID(int=0))


class FactorStorage:
    """Second factors in the database, sealed with the gateway's own key."""

    def __init__(self, db: AsyncSession, key: SealingKey) -> None:
        self._db = db
        self._key = key

    async def begin(self, account_id: AccountId, secret: str, now: datetime) -> bool:
        """Keep a secret that is still to be confirmed, instead of such a one before; no where one is confirmed."""
        sealed = self._key.seal(secret.encode(), _place(account_id))
        begun = insert(TotpFactorRow).values(
            account_id=account_id, secret=sealed, last_step=0, created_at=now, confirmed_at=None
        )
        begun = begun.on_conflict_do_update(
            index_elements=[TotpFactorRow.account_id],
            set_={"secret": sealed, "last_step": 0, "created_at": now},
            where=TotpFactorRow.confirmed_at.is_(None),
        )
        return await self._db.scalar(begun.returning(TotpFactorRow.account_id)) is not None

    async def secret(self, account_id: AccountId, *, is_confirmed: bool) -> str | None:
        """Return the secret of a person's codes, or None where there is none that is, or is not yet, confirmed."""
        found = select(TotpFactorRow.secret).where(
            TotpFactorRow.account_id == account_id, TotpFactorRow.confirmed_at.is_not(None) == is_confirmed
        )
        sealed = await self._db.scalar(found)
        return None if sealed is None else self._key.unseal(sealed, _place(account_id)).decode()

    async def confirm(self, account_id: AccountId, step: int, now: datetime) -> bool:
        """Let the codes count from now on; the one that confirmed them is used."""
        confirmed = update(TotpFactorRow).where(
            TotpFactorRow.account_id == account_id, TotpFactorRow.confirmed_at.is_(None)
        )
        done = confirmed.values(confirmed_at=now, last_step=step).returning(TotpFactorRow.account_id)
        return await self._db.scalar(done) is not None

    async def use_step(self, account_id: AccountId, step: int) -> bool:
        """Use the code of a time step; says no where it, or a later one, was used before."""
        used = update(TotpFactorRow).where(
            TotpFactorRow.account_id == account_id,
            TotpFactorRow.confirmed_at.is_not(None),
            TotpFactorRow.last_step < step,
        )
        return await self._db.scalar(used.values(last_step=step).returning(TotpFactorRow.account_id)) is not None

    async def put_recovery_codes(self, account_id: AccountId, codes: Sequence[bytes], now: datetime) -> None:
        """Let a person have exactly these recovery codes."""
        await self._db.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
        rows = [
            {"account_id": account_id, "code_hash": self._hash(account_id, code), "created_at": now, "used_at": None}
            for code in codes
        ]
        await self._db.execute(insert(RecoveryCodeRow), rows)

    async def use_recovery_code(self, account_id: AccountId, code: bytes, now: datetime) -> bool:
        """Use a recovery code; says no where it is not one of the person's, or was used before."""
        used = update(RecoveryCodeRow).where(
            RecoveryCodeRow.account_id == account_id,
            RecoveryCodeRow.code_hash == self._hash(account_id, code),
            RecoveryCodeRow.used_at.is_(None),
        )
        return await self._db.scalar(used.values(used_at=now).returning(RecoveryCodeRow.account_id)) is not None

    async def confirmed_at(self, account_id: AccountId) -> datetime | None:
        """Return since when a person has one-time codes, or None."""
        found = select(TotpFactorRow.confirmed_at).where(TotpFactorRow.account_id == account_id)
        confirmed_at: datetime | None = await self._db.scalar(found)
        return confirmed_at

    async def recovery_codes_left(self, account_id: AccountId) -> int:
        """Count the recovery codes that were not used."""
        left = select(func.count()).where(RecoveryCodeRow.account_id == account_id, RecoveryCodeRow.used_at.is_(None))
        return await self._db.scalar(left) or 0

    async def remove(self, account_id: AccountId) -> bool:
        """Remove a person's second factors; says no where there was none."""
        await self._db.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account_id))
        removed = delete(TotpFactorRow).where(TotpFactorRow.account_id == account_id)
        return await self._db.scalar(removed.returning(TotpFactorRow.account_id)) is not None

    def _hash(self, account_id: AccountId, code: bytes) -> bytes:
        return self._key.fingerprint(account_id.bytes + code, "recovery code")


def _place(account_id: AccountId) -> Place:
    return Place(_NO_ORGANIZATION, TotpFactorRow.__tablename__, "secret", account_id)
