"""What cannot wait for the next round of notices: of a change of what begins before that, the round tells nobody."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import OrganizationId
from services.scheduler.dispatch import NoticeRound, enqueue_notice_round

ROUND: Final = timedelta(minutes=15)
"""How long after a round the next one comes."""


async def call_round_early(
    db: AsyncSession, organization_id: OrganizationId, starts: Iterable[datetime], now: datetime
) -> None:
    """Call a worker for a round at once, where a session that this transaction changes begins sooner than in two.

    The round that comes by itself would find the session begun, or leave its practitioner less than a round's time.
    """
    if any(now < start <= now + 2 * ROUND for start in starts):
        await enqueue_notice_round(db, NoticeRound(organization_id, None), timedelta())
