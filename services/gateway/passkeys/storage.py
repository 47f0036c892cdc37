"""Where passkeys are kept; that a challenge is answered once, and a counter only rises, one statement each decides."""

import hashlib
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.gateway.passkeys import Passkey
from services.contracts.identifiers import AccountId, PasskeyId
from services.gateway.passkeys.ceremony import CHALLENGE_LIFETIME, Holder, KnownKey, NewKey, Purpose
from services.gateway.passkeys.tables import ChallengeRow, PasskeyRow


class PasskeyStorage:
    """Passkeys and challenges in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def ask(self, challenge: bytes, purpose: Purpose, holder: Holder, now: datetime) -> None:
        """Keep a challenge, and forget those that nobody answered in time."""
        await self._db.execute(delete(ChallengeRow).where(ChallengeRow.expires_at <= now))
        self._db.add(
            ChallengeRow(
                challenge_hash=_digest(challenge),
                purpose=purpose.value,
                account_id=holder.account_id,
                login_session_id=holder.login_session_id,
                browser_hash=_browser_hash(holder),
                expires_at=now + CHALLENGE_LIFETIME,
            )
        )
        await self._db.flush()

    async def take(self, challenge: bytes, purpose: Purpose, holder: Holder, now: datetime) -> bool:
        """Use up a challenge; says no where it is old, answered, for another purpose, or another's."""
        taken = delete(ChallengeRow).where(
            ChallengeRow.challenge_hash == _digest(challenge),
            ChallengeRow.purpose == purpose.value,
            ChallengeRow.account_id.is_not_distinct_from(holder.account_id),
            ChallengeRow.login_session_id.is_not_distinct_from(holder.login_session_id),
            ChallengeRow.browser_hash.is_not_distinct_from(_browser_hash(holder)),
            ChallengeRow.expires_at > now,
        )
        return await self._db.scalar(taken.returning(ChallengeRow.purpose)) is not None

    async def add(self, passkey_id: PasskeyId, account_id: AccountId, key: NewKey, name: str, now: datetime) -> bool:
        """Insert a passkey; says no where its key is known, whoever's it is."""
        added = insert(PasskeyRow).values(
            id=passkey_id,
            account_id=account_id,
            credential_id=key.credential_id,
            public_key=key.public_key,
            sign_count=key.sign_count,
            name=name,
            is_synced=key.is_synced,
            created_at=now,
            last_used_at=None,
        )
        inserted = await self._db.scalar(
            added.on_conflict_do_nothing(index_elements=[PasskeyRow.credential_id]).returning(PasskeyRow.id)
        )
        return inserted is not None

    async def find(self, credential_id: bytes) -> KnownKey | None:
        """Return the passkey with this id of its device's, or None."""
        found = select(PasskeyRow).where(PasskeyRow.credential_id == credential_id)
        row = await self._db.scalar(found)
        return None if row is None else KnownKey(PasskeyId(row.id), AccountId(row.account_id), row.public_key)

    async def use(self, passkey_id: PasskeyId, sign_count: int, now: datetime) -> bool:
        """Note a use; says no where the counter has not risen, but for a device that does not count."""
        rises = or_(PasskeyRow.sign_count < sign_count, (PasskeyRow.sign_count == 0) & (sign_count == 0))
        used = update(PasskeyRow).where(PasskeyRow.id == passkey_id, rises)
        values = {"sign_count": sign_count, "last_used_at": now}
        return await self._db.scalar(used.values(values).returning(PasskeyRow.id)) is not None

    async def hold(self, passkey_id: PasskeyId) -> bool:
        """Say whether a passkey is still there; nobody removes it until the transaction ends."""
        held = select(PasskeyRow.id).where(PasskeyRow.id == passkey_id)
        return await self._db.scalar(held.with_for_update(read=True)) is not None

    async def of(self, account_id: AccountId) -> list[Passkey]:
        """Return a person's passkeys in the order they were added."""
        rows = await self._db.scalars(_of(account_id))
        return [_passkey(row) for row in rows]

    async def credential_ids(self, account_id: AccountId) -> list[bytes]:
        """Return the ids by which devices know a person's passkeys."""
        return [row.credential_id for row in await self._db.scalars(_of(account_id))]

    async def rename(self, account_id: AccountId, passkey_id: PasskeyId, name: str) -> Passkey | None:
        """Call a person's passkey something else, and return it, or None where the person has no such one."""
        renamed = update(PasskeyRow).where(*_this(account_id, passkey_id)).values(name=name).returning(PasskeyRow)
        row = await self._db.scalar(renamed)
        return None if row is None else _passkey(row)

    async def remove(self, account_id: AccountId, passkey_id: PasskeyId) -> bool:
        """Delete a person's passkey; says no where the person has no such one."""
        removed = delete(PasskeyRow).where(*_this(account_id, passkey_id)).returning(PasskeyRow.id)
        return await self._db.scalar(removed) is not None


def _of(account_id: AccountId) -> Select[PasskeyRow]:
    return select(PasskeyRow).where(PasskeyRow.account_id == account_id).order_by(PasskeyRow.id)


def _this(account_id: AccountId, passkey_id: PasskeyId) -> tuple[ColumnElement[bool], ...]:
    return PasskeyRow.account_id == account_id, PasskeyRow.id == passkey_id


def _passkey(row: PasskeyRow) -> Passkey:
    return Passkey(
        id=PasskeyId(row.id),
        name=row.name,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        is_synced=row.is_synced,
    )


def _browser_hash(holder: Holder) -> bytes | None:
    return None if holder.browser is None else _digest(holder.browser.encode())


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
