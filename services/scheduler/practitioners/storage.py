"""Where practitioners are kept."""

from datetime import date, datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import Integer, Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.chassis.remembered import RememberedParts
from services.contracts.identifiers import OrganizationId, PractitionerId, SiteId
from services.contracts.scheduler.sites import Practitioner, PractitionerRequest
from services.scheduler.practitioners.tables import PractitionerRow
from services.scheduler.storing import decoded, fresh_id

_JSON: Final = ("leads", "individual", "languages", "shifts", "breaks")
_ALL: Final = (
    select(*(column for column in PractitionerRow.__table__.c if column.name not in {"organization_id", "created_at"}))
    .where(PractitionerRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(PractitionerRow.id)
)
_OF_SITE: Final = Query(_ALL)
_ONE: Final = Query(_ALL.where(PractitionerRow.id == bindparam("practitioner_id", type_=Uuid)))
_PAGE: Final = Query(
    _ALL.where(PractitionerRow.id > bindparam("after", type_=Uuid)).limit(bindparam("limit", type_=Integer))
)

_STAFF: Final = RememberedParts[asyncpg.Record, Practitioner]()


async def insert(
    db: AsyncSession,
    organization_id: OrganizationId,
    site_id: SiteId,
    request: PractitionerRequest,
    *,
    starts_on: date,
    now: datetime,
) -> Practitioner:
    """Keep a new practitioner of a site that exists."""
    values = _values(request, starts_on)
    row = PractitionerRow(organization_id=organization_id, id=fresh_id(now), site_id=site_id, created_at=now, **values)
    db.add(row)
    await db.flush()
    return Practitioner(id=PractitionerId(row.id), site_id=site_id, version=1, **values)


async def replace(
    db: AsyncSession, before: Practitioner, request: PractitionerRequest, *, starts_on: date
) -> Practitioner:
    """Keep another setup of a practitioner whose site is locked, as the next version."""
    values = _values(request, starts_on) | {"version": before.version + 1}
    await db.execute(update(PractitionerRow).where(PractitionerRow.id == before.id).values(values))
    return Practitioner(id=before.id, site_id=before.site_id, **values)


def _values(request: PractitionerRequest, starts_on: date) -> dict[str, Any]:
    values = request.model_dump(mode="json") | {"starts_on": starts_on, "ends_on": request.ends_on}
    values["contract_minutes_week"] = request.contract_minutes_week or request.max_minutes_week
    return values | {"leads": sorted(values["leads"]), "individual": sorted(values["individual"])}


async def find(read: Read, site_id: SiteId, practitioner_id: PractitionerId) -> Practitioner | None:
    """Fetch one practitioner of a site."""
    row = await read.one_or_none(_ONE, site_id=site_id, practitioner_id=practitioner_id)
    return None if row is None else _to_practitioner(row)


async def page(read: Read, site_id: SiteId, page: PageRequest) -> list[Practitioner]:
    """Fetch a page of a site's practitioners, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, after=page.after, limit=page.limit)
    return [_to_practitioner(row) for row in rows]


async def of_site(read: Read, site_id: SiteId) -> list[Practitioner]:
    """Fetch every practitioner of a site."""
    rows = await read.all(_OF_SITE, site_id=site_id)
    return _STAFF.all(str(site_id), {row["id"]: row for row in rows}, _to_practitioner)


def _to_practitioner(row: asyncpg.Record) -> Practitioner:
    return Practitioner(**decoded(row, *_JSON))
