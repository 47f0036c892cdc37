"""Where the sites' zones are kept."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.records.site_zones.tables import SiteZoneRow

_ALL: Final = Query(select(SiteZoneRow.site_id, SiteZoneRow.zone))

IN_CHART: Final = (_ALL,)
"""What a chart asks of them."""


class SiteZoneQueries:
    """Reads of the sites' zones."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def all(self) -> dict[SiteId, ZoneInfo]:
        """Return the zone of each site of which it is known."""
        return {SiteId(row["site_id"]): ZoneInfo(row["zone"]) for row in await self._read.all(_ALL)}


class SiteZoneRows:
    """The sites' zones within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def known(self) -> dict[SiteId, ZoneInfo]:
        """Return the zone of each site of which it is known."""
        found = await self._db.execute(select(SiteZoneRow.site_id, SiteZoneRow.zone))
        return {SiteId(site_id): ZoneInfo(zone) for site_id, zone in found}

    async def add(self, site_id: SiteId, zone: str, now: datetime) -> None:
        """Write a site's zone, once."""
        values = {"organization_id": self._organization_id, "site_id": site_id, "zone": zone, "told_at": now}
        await self._db.execute(insert(SiteZoneRow).values(**values).on_conflict_do_nothing())
