"""Which providers there are to sign in with, and whose identity it is that one has told of."""

from datetime import datetime

from services.contracts.identifiers import AccountId, IdentityProviderId, OrganizationId
from services.gateway.identity_providers.provider import Identity, Provider
from services.gateway.identity_providers.storage import IdentityProviderStorage


class Identities:
    """Finds the member behind an identity; nothing else of a provider's word, such as an address, finds anybody."""

    def __init__(self, storage: IdentityProviderStorage) -> None:
        self._storage = storage

    async def offered(self) -> list[tuple[IdentityProviderId, str]]:
        """Return the providers that a page may offer, by name."""
        return await self._storage.offered()

    async def provider(self, provider_id: IdentityProviderId) -> Provider | None:
        """Return a provider to sign in with, or None where it is disabled, not activated, or not there."""
        return await self._storage.enabled(provider_id)

    async def member(self, identity: Identity, now: datetime) -> AccountId | None:
        """Return whose it is, until the transaction ends; None where nobody of the organization has linked it."""
        return await self._storage.use(identity, now)

    async def link(
        self, organization_id: OrganizationId, identity: Identity, account_id: AccountId, now: datetime
    ) -> bool:
        """Say who somebody is; says no where this is somebody already, or that account another one there."""
        return await self._storage.link(organization_id, identity, account_id, now)
