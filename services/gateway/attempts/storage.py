"""Where attempts are counted: a statement counts and reads, so that guesses sent at once are counted one by one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy import DateTime, LargeBinary, Table, bindparam, case, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.attempts.tables import AttemptRow

_SWEPT: Final = 100

_COUNTERS: Final = cast(Table, AttemptRow.__table__)
_ASKED: Final = (
    func.unnest(bindparam("keys", type_=ARRAY(LargeBinary)), bindparam("ends", type_=ARRAY(DateTime(timezone=True))))
    .table_valued("key", "expires_at", name="asked")
    .render_derived()
)
_FIRST: Final = insert(_COUNTERS).from_select(
    ["key", "attempts", "expires_at"], select(_ASKED.c.key, literal(1), _ASKED.c.expires_at)
)
_IS_OVER: Final = AttemptRow.expires_at <= bindparam("now", type_=DateTime(timezone=True))
_COUNT: Final = _FIRST.on_conflict_do_update(
    index_elements=[AttemptRow.key],
    set_={
        "attempts": case((_IS_OVER, 1), else_=AttemptRow.attempts + 1),
        "expires_at": case((_IS_OVER, _FIRST.excluded.expires_at), else_=AttemptRow.expires_at),
    },
).returning(AttemptRow.key, AttemptRow.attempts, AttemptRow.expires_at)
_REMEMBER: Final = _FIRST.on_conflict_do_update(
    index_elements=[AttemptRow.key], set_={"expires_at": _FIRST.excluded.expires_at}
)


class AttemptStorage:
    """Counters in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def count(self, windows: Mapping[bytes, timedelta], now: datetime) -> dict[bytes, tuple[int, datetime]]:
        """Count one more in each, in this order; return how many that makes in its window and when that ends."""
        asked = {"now": now, "keys": list(windows), "ends": [now + window for window in windows.values()]}
        return {row.key: (row.attempts, row.expires_at) for row in await self._db.execute(_COUNT, asked)}

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

    async def remember(self, keys: Sequence[bytes], until: datetime) -> None:
        """Keep that these were so, until an instant."""
        await self._db.execute(_REMEMBER, {"keys": keys, "ends": [until] * len(keys)})

    async def is_remembered(self, key: bytes, now: datetime) -> bool:
        """Say whether it is kept."""
        return bool(await self.remembered([key], now))

    async def remembered(self, keys: Collection[bytes], now: datetime) -> list[bytes]:
        """Return which of these are kept."""
        found = select(AttemptRow.key).where(AttemptRow.key.in_(keys), AttemptRow.expires_at > now)
        return list(await self._db.scalars(found))
