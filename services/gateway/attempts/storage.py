"""Where attempts are counted: one statement a counter, so that guesses sent at once are counted one by one."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.attempts.tables import AttemptRow

_SWEPT: Final = 100


class AttemptStorage:
    """Counters in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def count(self, key: bytes, *, window: timedelta, now: datetime) -> tuple[int, datetime]:
        """Count one more, and return how many that makes in the window and when it ends."""
        is_over = AttemptRow.expires_at <= now
        first = insert(AttemptRow).values(key=key, attempts=1, expires_at=now + window)
        counted = first.on_conflict_do_update(
            index_elements=[AttemptRow.key],
            set_={
                "attempts": case((is_over, 1), else_=AttemptRow.attempts + 1),
                "expires_at": case((is_over, now + window), else_=AttemptRow.expires_at),
            },
        ).returning(AttemptRow.attempts, AttemptRow.expires_at)
        row = (await self._db.execute(counted)).one()
        return row.attempts, row.expires_at

    async def take_back(self, key: bytes, attempts: int) -> None:
        """Count so many less: they were of somebody who was right in the end."""
        less = update(AttemptRow).where(AttemptRow.key == key)
        await self._db.execute(less.values(attempts=func.greatest(AttemptRow.attempts - attempts, 0)))

    async def forget(self, key: bytes) -> int:
        """Begin a counter again, and return how many it had counted."""
        forgotten = delete(AttemptRow).where(AttemptRow.key == key).returning(AttemptRow.attempts)
        return await self._db.scalar(forgotten) or 0

    async def sweep(self, now: datetime) -> None:
        """Forget counters whose window is over, but for those that somebody counts in right now."""
        over = (
            select(AttemptRow.key).where(AttemptRow.expires_at <= now).limit(_SWEPT).with_for_update(skip_locked=True)
        )
        await self._db.execute(delete(AttemptRow).where(AttemptRow.key.in_(over)))

    async def remember(self, key: bytes, until: datetime) -> None:
        """Keep that something was so, until an instant."""
        kept = insert(AttemptRow).values(key=key, attempts=1, expires_at=until)
        await self._db.execute(kept.on_conflict_do_update(index_elements=[AttemptRow.key], set_={"expires_at": until}))

    async def is_remembered(self, key: bytes, now: datetime) -> bool:
        """Say whether it is kept."""
        return bool(await self.remembered([key], now))

    async def remembered(self, keys: Collection[bytes], now: datetime) -> list[bytes]:
        """Return which of these are kept."""
        found = select(AttemptRow.key).where(AttemptRow.key.in_(keys), AttemptRow.expires_at > now)
        return list(await self._db.scalars(found))
