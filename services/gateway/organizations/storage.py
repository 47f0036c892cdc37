"""Where organizations are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Uuid, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
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

    async def put_closed(self, organization_id: OrganizationId, closed_at: datetime | None) -> None:
        """Close an organization, or open it again; who signs in at this moment is waited for."""
        this = update(OrganizationRow).where(OrganizationRow.id == organization_id)
        await self._db.execute(this.values(closed_at=closed_at))

    async def hold(self, organization_id: OrganizationId) -> Organization | None:
        """Return an organization that nobody else closes or opens until the transaction ends, or None."""
        row = await self._db.scalar(
            select(OrganizationRow).where(OrganizationRow.id == organization_id).with_for_update()
        )
        return None if row is None else _organization(row)

    async def named(self, organization_ids: Sequence[OrganizationId]) -> list[Organization]:
        """Return organizations by name."""
        found = select(OrganizationRow).where(OrganizationRow.id.in_(organization_ids))
        rows = await self._db.scalars(found.order_by(OrganizationRow.name, OrganizationRow.id))
        return [_organization(row) for row in rows]


_OPEN: Final = Query(
    select(OrganizationRow.id).where(
        OrganizationRow.id == bindparam("id", type_=Uuid), OrganizationRow.closed_at.is_(None)
    )
)


async def is_open(read: Read, organization_id: OrganizationId) -> bool:
    """Say whether there is an organization that is not closed."""
    return await read.one_or_none(_OPEN, id=organization_id) is not None


def _organization(row: OrganizationRow) -> Organization:
    return Organization(id=OrganizationId(row.id), name=row.name, created_at=row.created_at, closed_at=row.closed_at)
