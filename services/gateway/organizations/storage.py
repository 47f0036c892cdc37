"""Where organizations are kept."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.gateway.organizations import Organization
from services.contracts.identifiers import OrganizationId
from services.gateway.organizations.tables import OrganizationRow


class OrganizationStorage:
    """Organizations in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(self, organization: Organization) -> None:
        """Insert an organization."""
        self._db.add(OrganizationRow(**organization.model_dump()))
        await self._db.flush()

    async def find(self, organization_id: OrganizationId) -> Organization | None:
        """Return an organization, or None."""
        row = await self._db.get(OrganizationRow, organization_id)
        return None if row is None else _organization(row)

    async def named(self, organization_ids: Sequence[OrganizationId]) -> list[Organization]:
        """Return organizations by name."""
        found = select(OrganizationRow).where(OrganizationRow.id.in_(organization_ids))
        rows = await self._db.scalars(found.order_by(OrganizationRow.name, OrganizationRow.id))
        return [_organization(row) for row in rows]


def _organization(row: OrganizationRow) -> Organization:
    return Organization(id=OrganizationId(row.id), name=row.name, created_at=row.created_at)
