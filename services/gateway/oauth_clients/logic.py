"""What may be done with applications."""

import hashlib
import secrets
from datetime import datetime
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.fetching import Fetcher, FetchFailedError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientRequest
from services.contracts.identifiers import OauthClientId
from services.contracts.identity import Principal
from services.gateway.oauth_clients.rules import usable_keys, wrong_with
from services.gateway.oauth_clients.storage import OauthClientStorage
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class Ending(Protocol):
    """Ends what an application was granted in the organization that the transaction sees."""

    async def end_all(self, *, client_id: OauthClientId) -> None:
        """End everything that an application was granted here."""


class OauthClientsLogic:
    """Registers, shows and disables applications: an organization's own, or the installation's for its operator."""

    def __init__(
        self,
        storage: OauthClientStorage,
        organizations: OrganizationsLogic,
        fetcher: Fetcher,
        grants: Ending,
        *,
        trail: SecurityTrail,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._organizations = organizations
        self._fetcher = fetcher
        self._grants = grants
        self._trail = trail
        self._clock = clock

    async def create(self, request: OauthClientRequest, *, principal: Principal) -> OauthClient:
        """Register an application.

        Raises:
            InvalidRequestError: Grant types, redirects, scopes and keys do not fit together.
        """
        wrong = wrong_with(request, has_organization=principal.organization_id is not None)
        if wrong is not None:
            raise InvalidRequestError(*wrong)
        self._check_key_address(request.jwks_uri)
        now = self._clock.now()
        client = OauthClient(
            id=OauthClientId(new_id(now, secrets.token_bytes(10))),
            organization_id=principal.organization_id,
            name=request.name,
            kind=request.kind,
            grant_types=sorted(request.grant_types),
            redirect_uris=list(dict.fromkeys(request.redirect_uris)),
            scopes=list(dict.fromkeys(request.scopes)),
            jwks=None if request.jwks is None else {"keys": list(usable_keys(request.jwks).values())},
            jwks_uri=request.jwks_uri,
            dpop_bound_access_tokens=request.dpop_bound_access_tokens,
            created_at=now,
            disabled_at=None,
        )
        await self._storage.add(client)
        await self._tell(SecurityEventKind.OAUTH_CLIENT_REGISTERED, client, principal)
        return client

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
        """Return an application that may be granted tokens, or None; one of a closed organization may not."""
        client = await self._storage.find(client_id)
        if client is None or client.disabled_at is not None:
            return None
        is_open = client.organization_id is None or await self._organizations.is_open(client.organization_id)
        return client if is_open else None

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

    async def _tell(self, kind: SecurityEventKind, client: OauthClient, principal: Principal) -> None:
        told = Told(
            kind,
            client.organization_id,
            by=principal.account_id,
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
