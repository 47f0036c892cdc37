"""Where the sites' zones are kept."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.records.site_zones import SiteEvent
from services.records.site_zones.tables import SiteZoneRow

_ALL: Final = Query(select(SiteZoneRow.site_id, SiteZoneRow.zone))
_JURISDICTION: Final = Query(
    select(SiteZoneRow.jurisdiction).where(SiteZoneRow.site_id == bindparam("site_id", type_=Uuid))
)

IN_CHART: Final = (_ALL,)
"""What a chart asks of them."""


class SiteZoneQueries:
    """Reads of the sites' zones."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def all(self) -> dict[SiteId, ZoneInfo]:
        """Return the zone of each site of which it is known."""
        return {SiteId(row["site_id"]): ZoneInfo(row["zone"]) for row in await self._read.all(_ALL)}

    async def jurisdiction(self, site_id: SiteId) -> str | None:
        """Return in which state a site is, or None where nobody has set it up."""
        row = await self._read.one_or_none(_JURISDICTION, site_id=site_id)
        return None if row is None else row["jurisdiction"]


class SiteZoneRows:
    """What is told of the sites within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def known(self) -> dict[SiteId, ZoneInfo]:
        """Return the zone of each site of which it is known."""
        found = await self._db.execute(select(SiteZoneRow.site_id, SiteZoneRow.zone))
        return {SiteId(site_id): ZoneInfo(zone) for site_id, zone in found}

    async def put(self, event: SiteEvent, now: datetime) -> None:
        """Write a site's zone, once, and its state unless a newer version of its settings has told it."""
        told = event.model_dump(exclude={"id"}) | {"told_at": now}
        statement = insert(SiteZoneRow).values(organization_id=self._organization_id, site_id=event.id, **told)
        new = {name: statement.excluded[name] for name in ("jurisdiction", "settings_version", "told_at")}
        await self._db.execute(
            statement.on_conflict_do_update(
                index_elements=[SiteZoneRow.organization_id, SiteZoneRow.site_id],
                set_=new,
                where=SiteZoneRow.settings_version < statement.excluded.settings_version,
            )
        )
