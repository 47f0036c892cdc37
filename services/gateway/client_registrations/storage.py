"""Where permits are kept, of the organization that the transaction sees."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import set_organization
from services.chassis.paging import PageRequest
from services.contracts.gateway.client_registrations import RegistrationPermit
from services.contracts.identifiers import AccountId, OrganizationId, RegistrationPermitId
from services.gateway.client_registrations.tables import RegistrationPermitRow


class PermitStorage:
    """Permits in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def enter(self, organization_id: OrganizationId) -> None:
        """Let the transaction see the permits of an organization."""
        await set_organization(self._db, organization_id)

    async def add(self, organization_id: OrganizationId, permit: RegistrationPermit, token_hash: bytes) -> None:
        """Insert a permit."""
        values = permit.model_dump(include=set(RegistrationPermit.model_fields))
        self._db.add(RegistrationPermitRow(organization_id=organization_id, token_hash=token_hash, **values))
        await self._db.flush()

    async def some(self, page: PageRequest) -> list[RegistrationPermit]:
        """Return the permits that a page may show, by id."""
        found = select(RegistrationPermitRow).where(RegistrationPermitRow.id > page.after)
        rows = await self._db.scalars(found.order_by(RegistrationPermitRow.id).limit(page.limit))
        return [_permit(row) for row in rows]

    async def find(self, permit_id: RegistrationPermitId) -> RegistrationPermit | None:
        """Return a permit, or None."""
        row = await self._db.scalar(select(RegistrationPermitRow).where(RegistrationPermitRow.id == permit_id))
        return None if row is None else _permit(row)

    async def revoke(self, permit_id: RegistrationPermitId, now: datetime) -> None:
        """Let nobody register by a permit any more; the first time counts."""
        this = (RegistrationPermitRow.id == permit_id, RegistrationPermitRow.revoked_at.is_(None))
        await self._db.execute(update(RegistrationPermitRow).where(*this).values(revoked_at=now))

    async def use(self, token_hash: bytes, now: datetime) -> RegistrationPermit | None:
        """Use a permit once and return it; None where it opens nothing, or nothing any more, even at this moment."""
        good = (
            RegistrationPermitRow.token_hash == token_hash,
            RegistrationPermitRow.expires_at > now,
            RegistrationPermitRow.revoked_at.is_(None),
            RegistrationPermitRow.uses_left > 0,
        )
        used = update(RegistrationPermitRow).where(*good).values(uses_left=RegistrationPermitRow.uses_left - 1)
        row = await self._db.scalar(used.returning(RegistrationPermitRow))
        return None if row is None else _permit(row)


def _permit(row: RegistrationPermitRow) -> RegistrationPermit:
    return RegistrationPermit(
        id=RegistrationPermitId(row.id),
        name=row.name,
        scopes=row.scopes,
        uses_left=row.uses_left,
        created_by=AccountId(row.created_by),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
