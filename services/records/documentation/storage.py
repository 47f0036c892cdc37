"""Where documentation standards are kept."""

from typing import Final

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.records.documentation import DocumentationStandard
from services.records.documentation.tables import DocumentationStandardRow

_OF_SITE: Final = Query(
    select(DocumentationStandardRow.__table__)
    .where(DocumentationStandardRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(DocumentationStandardRow.effective_from)
)


_OF_ALL: Final = Query(select(DocumentationStandardRow.__table__).order_by(DocumentationStandardRow.effective_from))

IN_CHART: Final = (_OF_ALL,)
"""What `DocumentationQueries.of_all_sites` asks."""


class DocumentationQueries:
    """Reads of documentation standards."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_site(self, site_id: SiteId) -> list[DocumentationStandard]:
        """Return what a site is held to, the first to take effect ahead."""
        rows = await self._read.all(_OF_SITE, site_id=site_id)
        return [DocumentationStandard.model_validate(dict(row)) for row in rows]

    async def of_all_sites(self) -> list[DocumentationStandard]:
        """Return what the organization's sites are held to, the first to take effect ahead."""
        return [DocumentationStandard.model_validate(dict(row)) for row in await self._read.all(_OF_ALL)]


class DocumentationRows:
    """Documentation standards within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, standard: DocumentationStandard) -> bool:
        """Write a standard; says whether it is the first from its day on."""
        values = {"organization_id": self._organization_id, **standard.model_dump()}
        written = insert(DocumentationStandardRow).values(**values).on_conflict_do_nothing()
        return (await self._db.execute(written.returning(DocumentationStandardRow.site_id))).first() is not None
