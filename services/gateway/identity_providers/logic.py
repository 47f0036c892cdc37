"""What may be done with identity providers."""

import secrets

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.fetching import Fetcher, FetchFailedError
from services.chassis.paging import PageRequest
from services.chassis.tokens import new_client_key
from services.contracts.base import Page
from services.contracts.gateway.identity_providers import (
    IdentityLink,
    IdentityProvider,
    IdentityProviderActivation,
    IdentityProviderRequest,
    ProviderAuthentication,
)
from services.contracts.identifiers import IdentityProviderId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.errors import ProviderActiveError
from services.gateway.identity_providers.provider import redirect_uri
from services.gateway.identity_providers.rules import is_plain
from services.gateway.identity_providers.storage import IdentityProviderStorage
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class IdentityProvidersLogic:
    """Registers, shows and disables an organization's providers, and shows and ends its people's links.

    None can be changed: whoever is linked stays linked with the issuer they have proved themselves to.
    """

    def __init__(
        self, storage: IdentityProviderStorage, fetcher: Fetcher, trail: SecurityTrail, clock: Clock, issuer: str
    ) -> None:
        self._storage = storage
        self._fetcher = fetcher
        self._trail = trail
        self._clock = clock
        self._issuer = issuer

    async def create(self, request: IdentityProviderRequest, *, principal: Principal) -> IdentityProvider:
        """Register a provider of the caller's organization.

        Raises:
            InvalidRequestError: Its issuer is no https URL of the open internet.
        """
        self._check_issuer(request.issuer)
        now, organization_id = self._clock.now(), _organization(principal)
        provider_id = IdentityProviderId(new_id(now, secrets.token_bytes(10)))
        key = new_client_key() if request.authentication is ProviderAuthentication.PRIVATE_KEY_JWT else None
        provider = IdentityProvider(
            id=provider_id,
            organization_id=organization_id,
            name=request.name,
            issuer=request.issuer,
            client_id=None,
            authentication=request.authentication,
            id_token_algorithm=request.id_token_algorithm,
            proves_two_factors=request.proves_two_factors,
            redirect_uri=redirect_uri(self._issuer, provider_id),
            jwks=None if key is None else {"keys": [dict(key.jwk)]},
            created_at=now,
            disabled_at=None,
        )
        await self._storage.add(provider, None if key is None else key.pem)
        await self._tell(SecurityEventKind.IDENTITY_PROVIDER_REGISTERED, provider_id, principal)
        return provider

    async def activate(
        self, provider_id: IdentityProviderId, request: IdentityProviderActivation, *, principal: Principal
    ) -> IdentityProvider:
        """Let people sign in with a provider that has registered us, for good: neither its name for us changes.

        Raises:
            NotFoundError: As `read` does.
            InvalidRequestError: A secret is missing, or too much.
            ProviderActiveError: It was activated before.
        """
        provider, secret = await self.read(provider_id), request.client_secret
        if (secret is None) is not (provider.authentication is ProviderAuthentication.PRIVATE_KEY_JWT):
            raise InvalidRequestError("/client_secret", "goes with client_secret_basic, and with nothing else")
        kept = None if secret is None else secret.get_secret_value().encode()
        if not await self._storage.activate(provider, request.client_id, kept):
            raise ProviderActiveError
        await self._tell(SecurityEventKind.IDENTITY_PROVIDER_ACTIVATED, provider_id, principal)
        return await self.read(provider_id)

    async def page(self, requested: PageRequest) -> Page[IdentityProvider]:
        """Return a page of the providers of the caller's organization."""
        return requested.page(await self._storage.some(requested))

    async def read(self, provider_id: IdentityProviderId) -> IdentityProvider:
        """Return a provider of the caller's organization; raises NotFoundError where there is no such one."""
        provider = await self._storage.find(provider_id)
        if provider is None:
            raise NotFoundError
        return provider

    async def disable(self, provider_id: IdentityProviderId, *, principal: Principal) -> IdentityProvider:
        """Let nobody sign in with a provider any more; sessions that are open stay so, and links are kept.

        Raises:
            NotFoundError: As `read` does.
        """
        provider = await self.read(provider_id)
        if provider.disabled_at is None:
            await self._storage.disable(provider_id, self._clock.now())
            await self._tell(SecurityEventKind.IDENTITY_PROVIDER_DISABLED, provider_id, principal)
        return await self.read(provider_id)

    async def links(self, *, principal: Principal) -> list[IdentityLink]:
        """Return what the caller signs in with."""
        return await self._storage.links(principal.account_id)

    async def unlink(self, provider_id: IdentityProviderId, *, principal: Principal) -> None:
        """Let the caller sign in with a provider no more.

        Raises:
            NotFoundError: The caller does not.
        """
        if not await self._storage.unlink(provider_id, principal.account_id):
            raise NotFoundError
        await self._tell(SecurityEventKind.IDENTITY_UNLINKED, provider_id, principal)

    async def _tell(self, kind: SecurityEventKind, provider_id: IdentityProviderId, principal: Principal) -> None:
        told = Told(
            kind,
            principal.organization_id,
            by=principal.account_id,
            account_id=principal.account_id if kind is SecurityEventKind.IDENTITY_UNLINKED else None,
            identity_provider_id=provider_id,
        )
        await self._trail.tell(told)

    def _check_issuer(self, issuer: str) -> None:
        try:
            if self._fetcher.check(issuer) != issuer or not is_plain(issuer):
                raise InvalidRequestError(
                    "/issuer", "must be an https URL in its plain form, without query or fragment"
                )
        except FetchFailedError:
            raise InvalidRequestError("/issuer", "must be an https URL of the open internet") from None


def _organization(principal: Principal) -> OrganizationId:
    if principal.organization_id is None:
        raise NotFoundError
    return principal.organization_id
