"""Where wait times are counted: no row of a person leaves the database."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
from sqlalchemy import TIMESTAMP, Date, Uuid, and_, bindparam, cast, extract, func, select, true

from services.chassis.database import Query, Read
from services.contracts.identifiers import SiteId
from services.records.episodes.tables import EpisodeRow
from services.records.referrals.beginnings import ATTENDED, BEGAN_ON, EPISODE, ZONE
from services.records.referrals.tables import ReferralContactRow, ReferralRow

_RECEIVED: Final = and_(
    ReferralRow.site_id == bindparam("site_id", type_=Uuid),
    ReferralRow.received_at >= bindparam("first", type_=TIMESTAMP(timezone=True)),
    ReferralRow.received_at < bindparam("end", type_=TIMESTAMP(timezone=True)),
    ReferralRow.closing.is_distinct_from("entered_in_error"),
)
_HOURS: Final = extract("epoch", ReferralRow.intake_held_at - ReferralRow.received_at) / 3600
_DAYS: Final = BEGAN_ON - cast(func.timezone(ZONE, ReferralRow.received_at), Date)

_FIGURES: Final = Query(
    select(
        func.count().label("received"),
        func.count(ReferralRow.first_reached_at).label("reached"),
        func.count(ReferralRow.intake_held_at).label("intakes_held"),
        func.count().filter(ReferralRow.intake_held_at <= ReferralRow.intake_due_at).label("intakes_within_clock"),
        func.count(ReferralRow.episode_id).label("admitted"),
        func.count(BEGAN_ON).label("began"),
        func.percentile_cont(0.5).within_group(_HOURS).label("median_hours_to_intake"),
        func.percentile_cont(0.5).within_group(_DAYS).label("median_days_to_first_session"),
    )
    .select_from(ReferralRow)
    .outerjoin(EpisodeRow, EPISODE)
    .outerjoin(ATTENDED, true())
    .where(_RECEIVED)
)
_CLOSED: Final = Query(
    select(ReferralRow.closing, func.count().label("number"))
    .where(_RECEIVED, ReferralRow.closing.is_not(None))
    .group_by(ReferralRow.closing)
    .order_by(ReferralRow.closing)
)
_NOT_PERMITTED: Final = Query(
    select(func.count().label("number"))
    .select_from(ReferralContactRow)
    .join(
        ReferralRow,
        (ReferralRow.organization_id == ReferralContactRow.organization_id)
        & (ReferralRow.id == ReferralContactRow.referral_id),
    )
    .where(_RECEIVED, ReferralContactRow.was_permitted.is_(False))
)


class KpiQueries:
    """Counts of referrals."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def figures(self, site_id: SiteId, first: datetime, end: datetime, zone: ZoneInfo) -> asyncpg.Record:
        """Return counts and medians of the referrals received from one instant up to another."""
        row = await self._read.one_or_none(_FIGURES, site_id=site_id, first=first, end=end, zone=zone.key)
        assert row is not None  # noqa: S101 - an aggregate without groups has one row
        return row

    async def closed(self, site_id: SiteId, first: datetime, end: datetime) -> dict[str, int]:
        """Return how many of them were closed, by reason."""
        rows = await self._read.all(_CLOSED, site_id=site_id, first=first, end=end)
        return {row["closing"]: row["number"] for row in rows}

    async def not_permitted(self, site_id: SiteId, first: datetime, end: datetime) -> int:
        """Return how many attempts went a way that the person had not allowed."""
        row = await self._read.one_or_none(_NOT_PERMITTED, site_id=site_id, first=first, end=end)
        return 0 if row is None else int(row["number"])
