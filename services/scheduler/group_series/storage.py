"""Where group series are kept."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
from sqlalchemy import Integer, Uuid, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.group_series import GroupSeries
from services.contracts.vocabulary import Weekday
from services.scheduler.group_offerings.tables import GroupOfferingRow
from services.scheduler.group_series.meetings import Meeting, SeriesIdentity
from services.scheduler.group_series.tables import GroupSeriesRow, GroupSeriesWeekRow
from services.scheduler.storing import fresh_id

_IDENTITY: Final = tuple(getattr(GroupSeriesRow, name) for name in SeriesIdentity._fields)
_WEEKS: Final = (
    select(
        GroupSeriesWeekRow.organization_id,
        GroupSeriesWeekRow.series_id,
        func.min(GroupSeriesWeekRow.week).label("first_week"),
        func.max(GroupSeriesWeekRow.week).label("last_week"),
    )
    .group_by(GroupSeriesWeekRow.organization_id, GroupSeriesWeekRow.series_id)
    .subquery()
)
# A version that is published without a meeting leaves its series with no week at all, and then it is none.
_PAGE: Final = Query(
    select(
        GroupSeriesRow.id,
        GroupSeriesRow.site_id,
        *_IDENTITY,
        GroupOfferingRow.service,
        GroupOfferingRow.minutes,
        GroupOfferingRow.minimum_size,
        GroupOfferingRow.maximum_size,
        _WEEKS.c.first_week,
        _WEEKS.c.last_week,
        func.cardinality(GroupSeriesWeekRow.patient_ids).label("members"),
    )
    .join(
        GroupOfferingRow,
        (GroupOfferingRow.organization_id == GroupSeriesRow.organization_id)
        & (GroupOfferingRow.id == GroupSeriesRow.group_offering_id),
    )
    .join(
        _WEEKS,
        (_WEEKS.c.organization_id == GroupSeriesRow.organization_id) & (_WEEKS.c.series_id == GroupSeriesRow.id),
    )
    .join(
        GroupSeriesWeekRow,
        (GroupSeriesWeekRow.organization_id == GroupSeriesRow.organization_id)
        & (GroupSeriesWeekRow.series_id == GroupSeriesRow.id)
        & (GroupSeriesWeekRow.week == _WEEKS.c.last_week),
    )
    .where(
        GroupSeriesRow.site_id == bindparam("site_id", type_=Uuid),
        GroupSeriesRow.id > bindparam("after", type_=Uuid),
    )
    .order_by(GroupSeriesRow.id)
    .limit(bindparam("limit", type_=Integer))
)


async def page(read: Read, site_id: SiteId, page: PageRequest) -> list[GroupSeries]:
    """Fetch a page of a site's series, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit)
    return [_to_series(row) for row in rows]


def _to_series(row: asyncpg.Record) -> GroupSeries:
    return GroupSeries(**{**row, "weekday": list(Weekday)[row["weekday"]]})


async def replace_week(
    db: AsyncSession,
    organization_id: OrganizationId,
    site_id: SiteId,
    week: date,
    *,
    meetings: Sequence[Meeting],
    now: datetime,
) -> None:
    """Note which series meet in a week, those that are new among them, and forget what was noted before."""
    known = await _series_of(db, organization_id, site_id, meetings, now)
    await db.execute(
        delete(GroupSeriesWeekRow).where(GroupSeriesWeekRow.site_id == site_id, GroupSeriesWeekRow.week == week)
    )
    rows = [
        {
            "organization_id": organization_id,
            "series_id": known[meeting.identity],
            "week": week,
            "site_id": site_id,
            "patient_ids": list(meeting.patient_ids),
        }
        for meeting in meetings
    ]
    if rows:
        await db.execute(insert(GroupSeriesWeekRow), rows)


async def _series_of(
    db: AsyncSession, organization_id: OrganizationId, site_id: SiteId, meetings: Sequence[Meeting], now: datetime
) -> Mapping[SeriesIdentity, UUID]:
    new: list[dict[str, Any]] = [
        {
            "organization_id": organization_id,
            "id": fresh_id(now),
            "site_id": site_id,
            **meeting.identity._asdict(),
            "created_at": now,
        }
        for meeting in meetings
    ]
    if new:
        await db.execute(insert(GroupSeriesRow).on_conflict_do_nothing(constraint="group_series_identity_key"), new)
    found = await db.execute(select(GroupSeriesRow.id, *_IDENTITY).where(GroupSeriesRow.site_id == site_id))
    return {SeriesIdentity(*row[1:]): row[0] for row in found}
