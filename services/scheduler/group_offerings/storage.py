"""Where group offerings are kept."""

from datetime import date, datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import Integer, Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.remembered import RememberedParts
from services.contracts.identifiers import GroupOfferingId, OrganizationId, SiteId
from services.contracts.scheduler.sites import GroupOffering, GroupOfferingRequest
from services.scheduler.group_offerings.tables import GroupOfferingRow
from services.scheduler.storing import fresh_id

_ALL: Final = (
    select(*(column for column in GroupOfferingRow.__table__.c if column.name not in {"organization_id", "created_at"}))
    .where(GroupOfferingRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(GroupOfferingRow.id)
)
_OF_SITE: Final = Query(_ALL)
_ONE: Final = Query(_ALL.where(GroupOfferingRow.id == bindparam("group_offering_id", type_=Uuid)))
_PAGE: Final = Query(
    _ALL.where(GroupOfferingRow.id > bindparam("after", type_=Uuid)).limit(bindparam("limit", type_=Integer))
)

_OFFERED: Final = RememberedParts[asyncpg.Record, GroupOffering]()


async def insert(
    db: AsyncSession, organization_id: OrganizationId, site_id: SiteId, request: GroupOfferingRequest, now: datetime
) -> GroupOffering:
    """Keep a new offering of a site that exists."""
    values = _values(request)
    row = GroupOfferingRow(organization_id=organization_id, id=fresh_id(now), site_id=site_id, created_at=now, **values)
    db.add(row)
    await db.flush()
    return GroupOffering(id=GroupOfferingId(row.id), site_id=site_id, version=1, **values)


async def replace(
    db: AsyncSession, before: GroupOffering, request: GroupOfferingRequest, starts_on: date | None
) -> GroupOffering:
    """Keep another setup of an offering whose site is locked, as its next version."""
    values = _values(request) | {"starts_on": starts_on, "version": before.version + 1}
    await db.execute(update(GroupOfferingRow).where(GroupOfferingRow.id == before.id).values(values))
    return GroupOffering(id=before.id, site_id=before.site_id, **values)


def _values(request: GroupOfferingRequest) -> dict[str, Any]:
    return request.model_dump() | {"service": request.service.value}


async def find(read: Read, site_id: SiteId, group_offering_id: GroupOfferingId) -> GroupOffering | None:
    """Fetch one offering of a site."""
    row = await read.one_or_none(_ONE, site_id=site_id, group_offering_id=group_offering_id)
    return None if row is None else GroupOffering(**row)


async def page(read: Read, site_id: SiteId, page: PageRequest) -> list[GroupOffering]:
    """Fetch a page of a site's offerings, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit)
    return [GroupOffering(**row) for row in rows]


async def of_site(read: Read, site_id: SiteId) -> list[GroupOffering]:
    """Fetch every offering of a site."""
    rows = await read.all(_OF_SITE, site_id=site_id)
    return _OFFERED.all(str(site_id), {row["id"]: row for row in rows}, lambda row: GroupOffering(**row))
