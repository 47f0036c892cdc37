"""What cannot wait for the next round of notices: of a change of what begins before that, the round tells nobody."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import OrganizationId
from services.scheduler.dispatch import NoticeRound, enqueue_notice_round

ROUND: Final = timedelta(minutes=15)
"""How long after a round the next one comes."""

_SKEW: Final = timedelta(seconds=5)
"""How far the clocks of those who call and those who follow may be apart."""


async def call_round_early(
    db: AsyncSession, organization_id: OrganizationId, starts: Iterable[datetime], now: datetime
) -> None:
    """Call a worker for a round at once, where a session that this transaction changes begins sooner than in two.

    The round that comes by itself would find the session begun, or leave its practitioner less than a round's time.
    """
    await _call(db, organization_id, starts, now, timedelta())


async def call_round_at_the_lapse(
    db: AsyncSession, organization_id: OrganizationId, starts: Iterable[datetime], now: datetime, held_until: datetime
) -> None:
    """Call a worker for a round when a hold is over, where the session that it keeps begins sooner than in two then.

    Nobody does anything at that moment that would call one, and the session is off unless the seat was booked.
    """
    await _call(db, organization_id, starts, now, held_until - now + _SKEW)


async def _call(
    db: AsyncSession, organization_id: OrganizationId, starts: Iterable[datetime], now: datetime, delay: timedelta
) -> None:
    then = now + delay
    if any(then < start <= then + 2 * ROUND for start in starts):
        await enqueue_notice_round(db, NoticeRound(organization_id, None), delay)
