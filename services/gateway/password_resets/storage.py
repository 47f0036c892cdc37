"""Where the links are kept; that one is good once is decided by one statement."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import AccountId
from services.gateway.password_resets.tables import PasswordResetRow


class PasswordResetStorage:
    """Links in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(self, account_id: AccountId, secret_hash: bytes, *, expires_at: datetime, now: datetime) -> None:
        """Insert a link, unless it is there, and forget the person's old ones."""
        old = (PasswordResetRow.account_id == account_id, PasswordResetRow.expires_at <= now)
        await self._db.execute(delete(PasswordResetRow).where(*old))
        added = insert(PasswordResetRow).values(secret_hash=secret_hash, account_id=account_id, expires_at=expires_at)
        await self._db.execute(added.on_conflict_do_nothing())

    async def others(self, account_id: AccountId, secret_hash: bytes, now: datetime) -> int:
        """Count the links of a person that are good, but for one."""
        good = (PasswordResetRow.account_id == account_id, PasswordResetRow.expires_at > now)
        count = select(func.count()).where(*good, PasswordResetRow.secret_hash != secret_hash)
        return await self._db.scalar(count) or 0

    async def find(self, secret_hash: bytes, now: datetime) -> AccountId | None:
        """Return whose link it is, or None where it is not good."""
        good = (PasswordResetRow.secret_hash == secret_hash, PasswordResetRow.expires_at > now)
        account_id = await self._db.scalar(select(PasswordResetRow.account_id).where(*good))
        return None if account_id is None else AccountId(account_id)

    async def use(self, secret_hash: bytes, now: datetime) -> AccountId | None:
        """Use a link up and return whose it was; None where it is not good, or used at this very moment."""
        good = (PasswordResetRow.secret_hash == secret_hash, PasswordResetRow.expires_at > now)
        account_id = await self._db.scalar(delete(PasswordResetRow).where(*good).returning(PasswordResetRow.account_id))
        return None if account_id is None else AccountId(account_id)

    async def forget(self, account_id: AccountId) -> None:
        """Let no link of a person be good any more."""
        await self._db.execute(delete(PasswordResetRow).where(PasswordResetRow.account_id == account_id))
