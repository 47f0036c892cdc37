"""Where providers are kept, and who is whom there."""

from datetime import datetime
from typing import Final

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.paging import PageRequest
from services.chassis.sealing import Place, SealingKey
from services.contracts.gateway.identity_providers import (
    IdentityLink,
    IdentityProvider,
    IdTokenAlgorithm,
    ProviderAuthentication,
)
from services.contracts.identifiers import AccountId, IdentityProviderId, OrganizationId
from services.gateway.identity_providers.provider import Identity, Provider, redirect_uri
from services.gateway.identity_providers.tables import IdentityLinkRow, IdentityProviderRow

_MOST_OFFERED: Final = 10


class IdentityProviderStorage:
    """Providers and links of the organization that the transaction sees; secrets are sealed with the gateway's key."""

    def __init__(self, db: AsyncSession, key: SealingKey, issuer: str) -> None:
        self._db = db
        self._key = key
        self._issuer = issuer

    async def add(self, provider: IdentityProvider, secret: bytes | None) -> None:
        """Insert a provider."""
        values = provider.model_dump(exclude={"redirect_uri", "jwks"})
        keys = None if provider.jwks is None else provider.jwks["keys"]
        sealed = None if secret is None else self._sealed(provider, secret)
        self._db.add(IdentityProviderRow(**values, secret=sealed, public_key=None if keys is None else keys[0]))
        await self._db.flush()

    async def activate(self, provider: IdentityProvider, client_id: str, secret: bytes | None) -> bool:
        """Keep what a provider calls us, and the secret that goes with it; says no where that was done before."""
        values = {"client_id": client_id} | ({} if secret is None else {"secret": self._sealed(provider, secret)})
        this = (IdentityProviderRow.id == provider.id, IdentityProviderRow.client_id.is_(None))
        activated = update(IdentityProviderRow).where(*this).values(values).returning(IdentityProviderRow.id)
        return await self._db.scalar(activated) is not None

    def _sealed(self, provider: IdentityProvider, secret: bytes) -> bytes:
        return self._key.seal(secret, _place(provider.organization_id, provider.id))

    async def some(self, page: PageRequest) -> list[IdentityProvider]:
        """Return the providers that a page may show, by id."""
        found = select(IdentityProviderRow).where(IdentityProviderRow.id > page.after)
        rows = await self._db.scalars(found.order_by(IdentityProviderRow.id).limit(page.limit))
        return [self._shown(row) for row in rows]

    async def find(self, provider_id: IdentityProviderId) -> IdentityProvider | None:
        """Return a provider, or None."""
        row = await self._row(provider_id)
        return None if row is None else self._shown(row)

    async def enabled(self, provider_id: IdentityProviderId) -> Provider | None:
        """Return a provider to sign in with, or None where it is disabled, not activated, or not there."""
        row = await self._row(provider_id)
        if row is None or row.disabled_at is not None or row.client_id is None or row.secret is None:
            return None
        organization_id = OrganizationId(row.organization_id)
        return Provider(
            id=provider_id,
            organization_id=organization_id,
            issuer=row.issuer,
            client_id=row.client_id,
            authentication=ProviderAuthentication(row.authentication),
            id_token_algorithm=IdTokenAlgorithm(row.id_token_algorithm),
            proves_two_factors=row.proves_two_factors,
            secret=self._key.unseal(row.secret, _place(organization_id, provider_id)),
            key_id=None if row.public_key is None else row.public_key["kid"],
        )

    async def offered(self) -> list[tuple[IdentityProviderId, str]]:
        """Return the providers that a page may offer, by name."""
        enabled = select(IdentityProviderRow).where(
            IdentityProviderRow.disabled_at.is_(None), IdentityProviderRow.client_id.is_not(None)
        )
        rows = await self._db.scalars(enabled.order_by(IdentityProviderRow.name).limit(_MOST_OFFERED))
        return [(IdentityProviderId(row.id), row.name) for row in rows]

    async def disable(self, provider_id: IdentityProviderId, now: datetime) -> None:
        """Let nobody sign in with a provider any more; the first time counts."""
        this = (IdentityProviderRow.id == provider_id, IdentityProviderRow.disabled_at.is_(None))
        await self._db.execute(update(IdentityProviderRow).where(*this).values(disabled_at=now))

    async def link(
        self, organization_id: OrganizationId, identity: Identity, account_id: AccountId, now: datetime
    ) -> bool:
        """Say who somebody is; says no where this is somebody already, or that account another one there."""
        row = insert(IdentityLinkRow).values(
            organization_id=organization_id,
            provider_id=identity.provider_id,
            subject_hash=identity.subject_hash,
            account_id=account_id,
            created_at=now,
        )
        added = row.on_conflict_do_nothing().returning(IdentityLinkRow.account_id)
        return await self._db.scalar(added) is not None

    async def use(self, identity: Identity, now: datetime) -> AccountId | None:
        """Return whose identity it is, and note that it signs in; None where it is nobody's or its provider disabled.

        Nobody unlinks it, and nobody disables the provider, until the transaction ends.
        """
        enabled = select(IdentityProviderRow.id).where(
            IdentityProviderRow.id == identity.provider_id, IdentityProviderRow.disabled_at.is_(None)
        )
        if await self._db.scalar(enabled.with_for_update(read=True)) is None:
            return None
        used = update(IdentityLinkRow).where(
            IdentityLinkRow.provider_id == identity.provider_id,
            IdentityLinkRow.subject_hash == identity.subject_hash,
        )
        account_id = await self._db.scalar(used.values(last_used_at=now).returning(IdentityLinkRow.account_id))
        return None if account_id is None else AccountId(account_id)

    async def links(self, account_id: AccountId) -> list[IdentityLink]:
        """Return what a person signs in with."""
        here = and_(
            IdentityProviderRow.organization_id == IdentityLinkRow.organization_id,
            IdentityProviderRow.id == IdentityLinkRow.provider_id,
        )
        found = select(IdentityLinkRow, IdentityProviderRow.name).join(IdentityProviderRow, here)
        rows = await self._db.execute(
            found.where(IdentityLinkRow.account_id == account_id).order_by(IdentityLinkRow.provider_id)
        )
        return [
            IdentityLink(
                provider_id=IdentityProviderId(row.provider_id),
                name=name,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
            )
            for row, name in rows
        ]

    async def unlink(self, provider_id: IdentityProviderId, account_id: AccountId) -> bool:
        """Let a person sign in with a provider no more; says no where they did not."""
        this = (IdentityLinkRow.provider_id == provider_id, IdentityLinkRow.account_id == account_id)
        unlinked = delete(IdentityLinkRow).where(*this).returning(IdentityLinkRow.account_id)
        return await self._db.scalar(unlinked) is not None

    async def _row(self, provider_id: IdentityProviderId) -> IdentityProviderRow | None:
        row: IdentityProviderRow | None = await self._db.scalar(
            select(IdentityProviderRow).where(IdentityProviderRow.id == provider_id)
        )
        return row

    def _shown(self, row: IdentityProviderRow) -> IdentityProvider:
        provider_id = IdentityProviderId(row.id)
        return IdentityProvider(
            id=provider_id,
            organization_id=OrganizationId(row.organization_id),
            name=row.name,
            issuer=row.issuer,
            client_id=row.client_id,
            authentication=ProviderAuthentication(row.authentication),
            id_token_algorithm=IdTokenAlgorithm(row.id_token_algorithm),
            proves_two_factors=row.proves_two_factors,
            redirect_uri=redirect_uri(self._issuer, provider_id),
            jwks=None if row.public_key is None else {"keys": [row.public_key]},
            created_at=row.created_at,
            disabled_at=row.disabled_at,
        )


def _place(organization_id: OrganizationId, provider_id: IdentityProviderId) -> Place:
    return Place(organization_id, "identity_providers", "secret", provider_id)
