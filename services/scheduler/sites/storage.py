"""Where sites and rooms are kept."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Integer, Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, RoomId, SiteId
from services.contracts.scheduler.sites import Room, RoomRequest, Site, SiteRequest
from services.scheduler.sites.tables import RoomRow, SiteRow
from services.scheduler.storing import decoded, fresh_id

_AFTER: Final = bindparam("after", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_SITE_ID: Final = bindparam("site_id", type_=Uuid)
_SITES: Final = select(
    SiteRow.id,
    SiteRow.name,
    SiteRow.zone,
    SiteRow.open,
    SiteRow.offices,
    SiteRow.family_rooms,
    SiteRow.ends_on,
    SiteRow.version,
)
_ROOMS: Final = select(
    RoomRow.id,
    RoomRow.site_id,
    RoomRow.name,
    RoomRow.capacity,
    RoomRow.starts_on,
    RoomRow.ends_on,
    RoomRow.version,
).where(RoomRow.site_id == _SITE_ID)

_ONE_SITE: Final = Query(_SITES.where(SiteRow.id == _SITE_ID))
_PAGE_OF_SITES: Final = Query(_SITES.where(SiteRow.id > _AFTER).order_by(SiteRow.id).limit(_LIMIT))
_PAGE_OF_ROOMS: Final = Query(_ROOMS.where(RoomRow.id > _AFTER).order_by(RoomRow.id).limit(_LIMIT))
_ONE_ROOM: Final = Query(_ROOMS.where(RoomRow.id == bindparam("room_id", type_=Uuid)))
_ALL_ROOMS: Final = Query(_ROOMS.order_by(RoomRow.id))


async def insert_site(db: AsyncSession, organization_id: OrganizationId, request: SiteRequest, now: datetime) -> Site:
    """Keep a new site."""
    values = _values(request)
    row = SiteRow(organization_id=organization_id, id=fresh_id(now), created_at=now, **values)
    db.add(row)
    await db.flush()
    return Site(id=SiteId(row.id), version=1, **values)


async def lock_site(db: AsyncSession, site_id: SiteId) -> None:
    """Let nobody change the setup of a site, or publish a week of it, until the transaction ends."""
    await db.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update())


async def replace_site(db: AsyncSession, before: Site, request: SiteRequest) -> Site:
    """Keep another setup of a site whose row is locked, as its next version."""
    values = _values(request) | {"version": before.version + 1}
    await db.execute(update(SiteRow).where(SiteRow.id == before.id).values(values))
    return Site(id=before.id, **values)


def _values(request: SiteRequest) -> dict[str, Any]:
    return request.model_dump(mode="json") | {"ends_on": request.ends_on}


async def insert_room(
    db: AsyncSession, organization_id: OrganizationId, site_id: SiteId, request: RoomRequest, now: datetime
) -> Room:
    """Keep a new room of a site that exists."""
    values = request.model_dump()
    row = RoomRow(organization_id=organization_id, id=fresh_id(now), site_id=site_id, created_at=now, **values)
    db.add(row)
    await db.flush()
    return Room(id=RoomId(row.id), site_id=site_id, version=1, **values)


async def replace_room(db: AsyncSession, before: Room, request: RoomRequest, starts_on: date | None) -> Room:
    """Keep another setup of a room whose site is locked, as its next version."""
    values = request.model_dump() | {"starts_on": starts_on, "version": before.version + 1}
    await db.execute(update(RoomRow).where(RoomRow.id == before.id).values(values))
    return Room(id=before.id, site_id=before.site_id, **values)


async def find_room(read: Read, site_id: SiteId, room_id: RoomId) -> Room | None:
    """Fetch one room of a site."""
    row = await read.one_or_none(_ONE_ROOM, site_id=site_id, room_id=room_id)
    return None if row is None else Room(**row)


async def find_site(read: Read, site_id: SiteId) -> Site | None:
    """Fetch one site."""
    row = await read.one_or_none(_ONE_SITE, site_id=site_id)
    return None if row is None else Site(**decoded(row, "open"))


async def page_of_sites(read: Read, page: PageRequest) -> list[Site]:
    """Fetch a page of sites, and one more where there is one."""
    rows = await read.all(_PAGE_OF_SITES, after=page.after, limit=page.limit)
    return [Site(**decoded(row, "open")) for row in rows]


async def page_of_rooms(read: Read, site_id: SiteId, page: PageRequest) -> list[Room]:
    """Fetch a page of a site's rooms, and one more where there is one."""
    rows = await read.all(_PAGE_OF_ROOMS, site_id=site_id, after=page.after, limit=page.limit)
    return [Room(**row) for row in rows]


async def all_rooms(read: Read, site_id: SiteId) -> list[Room]:
    """Fetch every room of a site."""
    return [Room(**row) for row in await read.all(_ALL_ROOMS, site_id=site_id)]
