"""Whose turn it is to renew keys."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

_TURN: Final = "eventide.signing_keys"


async def take_turn(db: AsyncSession) -> bool:
    """Say whether nobody else renews keys; then nobody does until the transaction ends."""
    return bool(await db.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(_TURN, 0)))))
