"""Where applications are kept, and the assertions they have used."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import set_organization
from services.chassis.paging import PageRequest
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind, OauthGrantType
from services.contracts.identifiers import OauthClientId, OrganizationId, RegistrationPermitId
from services.gateway.oauth_clients.tables import ClientAssertionRow, OauthClientRow


class Registration(NamedTuple):
    """How an application registered itself."""

    permit_id: RegistrationPermitId
    registration_hash: bytes


class OauthClientStorage:
    """Applications in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def enter(self, organization_id: OrganizationId) -> None:
        """Let the transaction see what an organization's applications were granted."""
        await set_organization(self._db, organization_id)

    async def add(self, client: OauthClient, registration: Registration | None = None) -> None:
        """Insert an application, with how it registered itself where it did."""
        how = {} if registration is None else registration._asdict()
        self._db.add(OauthClientRow(**client.model_dump(mode="python"), **how))
        await self._db.flush()

    async def registration(self, client_id: OauthClientId) -> Registration | None:
        """Return how an application registered itself, and let nobody else change it; None where it did not."""
        row = await self._db.get(OauthClientRow, client_id, with_for_update=True)
        if row is None or row.permit_id is None or row.registration_hash is None:
            return None
        return Registration(RegistrationPermitId(row.permit_id), row.registration_hash)

    async def replace(self, client: OauthClient) -> None:
        """Let an application be what this says."""
        values = client.model_dump(mode="python", exclude={"id", "organization_id", "created_at", "disabled_at"})
        await self._db.execute(update(OauthClientRow).where(OauthClientRow.id == client.id).values(**values))

    async def confirm(self, seen: OauthClient) -> bool:
        """Let an application that registered itself go on; says no where it has become another, even at this moment."""
        this = (OauthClientRow.id == seen.id, OauthClientRow.version == seen.version)
        confirmed = update(OauthClientRow).where(*this).values(expires_at=None, version=seen.version + 1)
        return await self._db.scalar(confirmed.returning(OauthClientRow.id)) is not None

    async def find(self, client_id: OauthClientId) -> OauthClient | None:
        """Return an application, or None."""
        row = await self._db.get(OauthClientRow, client_id)
        return None if row is None else _client(row)

    async def hold(self, client_id: OauthClientId) -> OauthClient | None:
        """Return an application that nobody changes until this transaction is over, or None."""
        row = await self._db.get(OauthClientRow, client_id, with_for_update={"read": True}, populate_existing=True)
        return None if row is None else _client(row)

    async def some(self, organization_id: OrganizationId | None, page: PageRequest) -> list[OauthClient]:
        """Return the applications of an organization, or of none, that a page may show, by id."""
        found = select(OauthClientRow).where(
            OauthClientRow.organization_id.is_not_distinct_from(organization_id), OauthClientRow.id > page.after
        )
        rows = await self._db.scalars(found.order_by(OauthClientRow.id).limit(page.limit))
        return [_client(row) for row in rows]

    async def disable(self, client_id: OauthClientId, now: datetime) -> None:
        """Let an application get no token any more; the first time counts."""
        this = OauthClientRow.id == client_id
        disabled = update(OauthClientRow).where(this, OauthClientRow.disabled_at.is_(None))
        await self._db.execute(disabled.values(disabled_at=now, version=OauthClientRow.version + 1))

    async def use_assertion(
        self, client_id: OauthClientId, jti_hash: bytes, *, expires_at: datetime, now: datetime
    ) -> bool:
        """Keep that an assertion is used; says no where it was used before, even at this very moment."""
        await self._db.execute(delete(ClientAssertionRow).where(ClientAssertionRow.expires_at <= now))
        used = insert(ClientAssertionRow).values(client_id=client_id, jti_hash=jti_hash, expires_at=expires_at)
        kept = await self._db.scalar(used.on_conflict_do_nothing().returning(ClientAssertionRow.client_id))
        return kept is not None


def _client(row: OauthClientRow) -> OauthClient:
    return OauthClient(
        id=OauthClientId(row.id),
        organization_id=None if row.organization_id is None else OrganizationId(row.organization_id),
        name=row.name,
        kind=OauthClientKind(row.kind),
        grant_types=[OauthGrantType(one) for one in row.grant_types],
        redirect_uris=row.redirect_uris,
        scopes=row.scopes,
        jwks=row.jwks,
        jwks_uri=row.jwks_uri,
        dpop_bound_access_tokens=row.dpop_bound_access_tokens,
        created_at=row.created_at,
        expires_at=row.expires_at,
        disabled_at=row.disabled_at,
        version=row.version,
    )
