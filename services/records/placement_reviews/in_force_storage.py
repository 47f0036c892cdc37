"""Where it is kept which edition of criteria is in force at a site."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.records.placement_reviews import SiteCriteriaEdition
from services.records.placement_reviews.tables import SiteCriteriaEditionRow

_ROW: Final = SiteCriteriaEditionRow
_SET: Final = (_ROW.site_id, _ROW.edition, _ROW.effective_from, _ROW.set_by, _ROW.set_at)
_OF_SITE: Final = Query(
    select(*_SET)
    .where(_ROW.site_id == bindparam("site_id", type_=Uuid))
    .order_by(_ROW.effective_from, _ROW.set_at, _ROW.id)
)


class SiteEditionQueries:
    """Reads of the editions in force."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_site(self, site_id: SiteId) -> list[SiteCriteriaEdition]:
        """Return what was set of a site, the earliest day first."""
        rows = await self._read.all(_OF_SITE, site_id=site_id)
        return [SiteCriteriaEdition.model_validate(dict(row)) for row in rows]


class SiteEditionRows:
    """The editions in force within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def on(self, site_id: SiteId, day: date) -> SiteCriteriaEdition | None:
        """Return what is in force at a site on a day; None where nobody has set anything until then."""
        found = await self._db.execute(
            select(*_SET)
            .where(_ROW.site_id == site_id, _ROW.effective_from <= day)
            .order_by(_ROW.effective_from.desc(), _ROW.set_at.desc(), _ROW.id.desc())
            .limit(1)
        )
        row = found.mappings().one_or_none()
        return None if row is None else SiteCriteriaEdition.model_validate(dict(row))

    async def add(self, identifier: UUID, one: SiteCriteriaEdition) -> None:
        """Write what was set."""
        self._db.add(SiteCriteriaEditionRow(organization_id=self._organization_id, id=identifier, **one.model_dump()))
        await self._db.flush()
