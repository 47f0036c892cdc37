"""Where applications are kept, and the assertions they have used."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.paging import PageRequest
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind, OauthGrantType
from services.contracts.identifiers import OauthClientId, OrganizationId
from services.gateway.oauth_clients.tables import ClientAssertionRow, OauthClientRow


class OauthClientStorage:
    """Applications in the database."""

    def __init__(self, db: AsyncSession) -> None:
        self._db = db

    async def add(self, client: OauthClient) -> None:
        """Insert an application."""
        self._db.add(OauthClientRow(**client.model_dump(mode="python")))
        await self._db.flush()

    async def find(self, client_id: OauthClientId) -> OauthClient | None:
        """Return an application, or None."""
        row = await self._db.get(OauthClientRow, client_id)
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
        await self._db.execute(
            update(OauthClientRow).where(this, OauthClientRow.disabled_at.is_(None)).values(disabled_at=now)
        )

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
        disabled_at=row.disabled_at,
    )
