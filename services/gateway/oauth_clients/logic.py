"""What may be done with applications."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.chassis.fetching import Fetcher, FetchFailedError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientRequest
from services.contracts.identifiers import OauthClientId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.oauth_clients.rules import UNCONFIRMED, usable_keys, wrong_with
from services.gateway.oauth_clients.storage import OauthClientStorage, Registration
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

__all__ = ["OauthClientsLogic", "Registration"]


class Ending(Protocol):
    """Ends what an application was granted in the organization that the transaction sees."""

    async def end_all(self, *, client_id: OauthClientId) -> None:
        """End everything that an application was granted here."""


class Forgetting(Protocol):
    """Forgets what people said of an application, in the organization that the transaction sees."""

    async def forget_client(self, client_id: OauthClientId) -> None:
        """Forget every agreement, and every request that nobody has decided."""


class OauthClientsLogic:
    """Registers, shows and disables applications: an organization's own, or the installation's for its operator."""

    def __init__(
        self,
        storage: OauthClientStorage,
        organizations: OrganizationsLogic,
        fetcher: Fetcher,
        grants: Ending,
        agreements: Forgetting,
        *,
        trail: SecurityTrail,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._organizations = organizations
        self._fetcher = fetcher
        self._grants = grants
        self._agreements = agreements
        self._trail = trail
        self._clock = clock

    async def create(self, request: OauthClientRequest, *, principal: Principal) -> OauthClient:
        """Register an application.

        Raises:
            InvalidRequestError: Grant types, redirects, scopes and keys do not fit together.
        """
        client = self._client(request, principal.organization_id)
        await self._storage.add(client)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_REGISTERED, client, principal)
        return client

    async def register_itself(
        self, request: OauthClientRequest, organization_id: OrganizationId, registration: Registration
    ) -> OauthClient:
        """Register an application by its own word, for a while: an administrator confirms it.

        Raises:
            InvalidRequestError: As `create` does.
        """
        client = self._client(request, organization_id, lives=UNCONFIRMED)
        await self._storage.add(client, registration)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_REGISTERED, client, None)
        return client

    async def registered_itself(self, client_id: OauthClientId) -> tuple[OauthClient, Registration] | None:
        """Return an application that registered itself and may get tokens, and how, or None."""
        registration = await self._storage.registration(client_id)
        client = None if registration is None else await self.enabled(client_id)
        return None if client is None or registration is None else (client, registration)

    async def change_itself(self, before: OauthClient, request: OauthClientRequest) -> OauthClient:
        """Let an application be another, for a while: what was granted to the one before, and confirmed, has ended.

        People are asked anew, and nobody decides on what the one before had asked. One that nobody has confirmed gets
        no more time by it.

        Raises:
            InvalidRequestError: As `create` does.
        """
        fresh = self._client(request, before.organization_id, lives=UNCONFIRMED)
        same = {"id": before.id, "created_at": before.created_at, "version": before.version + 1}
        client = fresh.model_copy(update={**same, "expires_at": before.expires_at or fresh.expires_at})
        await self._storage.replace(client)
        await self._end_grants(client)
        await self._agreements.forget_client(client.id)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_CHANGED, client, None)
        return client

    async def end_itself(self, client: OauthClient) -> None:
        """Let an application that wants it so get no token any more."""
        await self._storage.disable(client.id, self._clock.now())
        await self._end_grants(client)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_DISABLED, client, None)

    async def confirm(self, client_id: OauthClientId, version: int, *, principal: Principal) -> OauthClient:
        """Let an application that registered itself go on, as it was seen, for as long as nobody disables it.

        Raises:
            NotFoundError: As `read` does; also for one that nobody has confirmed in time.
            StaleVersionError: It has become another since, even at this very moment.
        """
        client = await self.read(client_id, principal=principal)
        if self._is_over(client):
            raise NotFoundError
        if client.version != version or (client.expires_at is not None and not await self._storage.confirm(client)):
            raise StaleVersionError("The application has changed since you read it; read it again and send its ETag.")
        if client.expires_at is None:
            return client
        confirmed = client.model_copy(update={"expires_at": None, "version": version + 1})
        await self._tell(SecurityEventKind.OAUTH_CLIENT_CONFIRMED, confirmed, principal)
        return confirmed

    async def page(self, requested: PageRequest, *, principal: Principal) -> Page[OauthClient]:
        """Return a page of the applications that the caller administers."""
        return requested.page(await self._storage.some(principal.organization_id, requested))

    async def read(self, client_id: OauthClientId, *, principal: Principal) -> OauthClient:
        """Return an application; raises NotFoundError for one that the caller does not administer."""
        client = await self._storage.find(client_id)
        if client is None or client.organization_id != principal.organization_id:
            raise NotFoundError
        return client

    async def disable(self, client_id: OauthClientId, *, principal: Principal) -> OauthClient:
        """Let an application get no token any more, and end those it has in the caller's organization.

        One of the installation's own keeps access tokens of others for their quarter of an hour at most.

        Raises:
            NotFoundError: As `read` does.
        """
        await self.read(client_id, principal=principal)
        await self._storage.disable(client_id, self._clock.now())
        await self._grants.end_all(client_id=client_id)
        client = await self.read(client_id, principal=principal)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_DISABLED, client, principal)
        return client

    async def name(self, client_id: OauthClientId) -> str:
        """Return how an application is called, for somebody who has dealt with it."""
        client = await self._storage.find(client_id)
        return "" if client is None else client.name

    async def enabled(self, client_id: OauthClientId) -> OauthClient | None:
        """Return an application that may be granted tokens, or None; one of a closed organization may not.

        Nor may one that registered itself and that nobody has confirmed in time.
        """
        client = await self._storage.find(client_id)
        if client is None or client.disabled_at is not None or self._is_over(client):
            return None
        is_open = client.organization_id is None or await self._organizations.is_open(client.organization_id)
        return client if is_open else None

    async def is_as_seen(self, seen: OauthClient) -> bool:
        """Say whether an application still is what was shown of it, and let it become no other in this transaction."""
        client = await self._storage.hold(seen.id)
        confirmed = {"expires_at": seen.expires_at, "version": seen.version}
        return client is not None and client.model_copy(update=confirmed) == seen

    async def use_assertion(self, client_id: OauthClientId, jti: str, *, expires_at: datetime) -> bool:
        """Keep that an assertion is used; says no to the second use."""
        digest = hashlib.sha256(jti.encode()).digest()
        return await self._storage.use_assertion(client_id, digest, expires_at=expires_at, now=self._clock.now())

    async def tell_refused(self, client_id: OauthClientId, network: str) -> None:
        """Write down that somebody said to be an application and did not prove it; nothing of one that is not there."""
        client = await self._storage.find(client_id)
        if client is not None:
            told = Told(
                SecurityEventKind.OAUTH_CLIENT_REFUSED,
                client.organization_id,
                oauth_client_id=client.id,
                network=self._trail.stand_in("network", network),
            )
            await self._trail.tell(told)

    def _client(
        self, request: OauthClientRequest, organization_id: OrganizationId | None, *, lives: timedelta | None = None
    ) -> OauthClient:
        wrong = wrong_with(request, has_organization=organization_id is not None)
        if wrong is not None:
            raise InvalidRequestError(*wrong)
        self._check_key_address(request.jwks_uri)
        now = self._clock.now()
        return OauthClient(
            id=OauthClientId(new_id(now, secrets.token_bytes(10))),
            organization_id=organization_id,
            name=request.name,
            kind=request.kind,
            grant_types=sorted(request.grant_types),
            redirect_uris=list(dict.fromkeys(request.redirect_uris)),
            scopes=list(dict.fromkeys(request.scopes)),
            jwks=None if request.jwks is None else {"keys": list(usable_keys(request.jwks).values())},
            jwks_uri=request.jwks_uri,
            dpop_bound_access_tokens=request.dpop_bound_access_tokens,
            created_at=now,
            expires_at=None if lives is None else now + lives,
            disabled_at=None,
            version=1,
        )

    def _is_over(self, client: OauthClient) -> bool:
        return client.expires_at is not None and client.expires_at <= self._clock.now()

    async def _end_grants(self, client: OauthClient) -> None:
        if client.organization_id is not None:
            await self._storage.enter(client.organization_id)
            await self._grants.end_all(client_id=client.id)

    async def _tell(self, kind: SecurityEventKind, client: OauthClient, principal: Principal | None) -> None:
        told = Told(
            kind,
            client.organization_id,
            by=None if principal is None else principal.account_id,
            oauth_client_id=client.id,
            scopes=client.scopes,
        )
        await self._trail.tell(told)

    def _check_key_address(self, jwks_uri: str | None) -> None:
        try:
            if jwks_uri is not None and self._fetcher.check(jwks_uri) != jwks_uri:
                raise InvalidRequestError("/jwks_uri", "must be an https URL in its plain form")
        except FetchFailedError:
            raise InvalidRequestError("/jwks_uri", "must be an https URL of the open internet") from None
