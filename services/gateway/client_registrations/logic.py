"""What applications may do that register themselves, and who lets them."""

import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.client_registrations import (
    ClientMetadata,
    ClientUpdate,
    NewRegistrationPermit,
    RegistrationPermit,
    RegistrationPermitRequest,
)
from services.contracts.gateway.oauth_clients import OauthClient
from services.contracts.identifiers import OauthClientId, OrganizationId, RegistrationPermitId
from services.contracts.identity import Principal
from services.gateway.client_registrations.refusals import (
    InvalidClientMetadataError,
    RegistrationTokenError,
    refusal_of,
)
from services.gateway.client_registrations.rules import WrongMetadataError, member_at, requested
from services.gateway.client_registrations.storage import PermitStorage
from services.gateway.grants.granted import Handle
from services.gateway.oauth_clients.logic import OauthClientsLogic, Registration
from services.gateway.organizations.logic import OrganizationsLogic
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told
from services.policy.smart.words import is_known


class PermitsLogic:
    """Lets applications register themselves in the caller's organization, for some scopes and a while."""

    def __init__(self, storage: PermitStorage, trail: SecurityTrail, clock: Clock) -> None:
        self._storage = storage
        self._trail = trail
        self._clock = clock

    async def create(self, request: RegistrationPermitRequest, *, principal: Principal) -> NewRegistrationPermit:
        """Make a permit, and the token that is shown this once.

        Raises:
            InvalidRequestError: There is no such scope.
        """
        for number, scope in enumerate(request.scopes):
            if not is_known(scope):
                raise InvalidRequestError(f"/scopes/{number}", "must be a scope of SMART App Launch or of ours")
        organization_id, now = _organization_of(principal), self._clock.now()
        token = Handle.fresh(organization_id)
        permit = NewRegistrationPermit(
            id=RegistrationPermitId(new_id(now, secrets.token_bytes(10))),
            name=request.name,
            scopes=list(dict.fromkeys(request.scopes)),
            uses_left=request.uses,
            created_by=principal.account_id,
            created_at=now,
            expires_at=now + timedelta(days=request.days),
            revoked_at=None,
            initial_access_token=token.text,
        )
        await self._storage.add(organization_id, permit, token.digest)
        await self._tell(SecurityEventKind.REGISTRATION_PERMITTED, permit, principal)
        return permit

    async def page(self, requested_page: PageRequest) -> Page[RegistrationPermit]:
        """Return a page of the organization's permits, oldest first."""
        return requested_page.page(await self._storage.some(requested_page))

    async def revoke(self, permit_id: RegistrationPermitId, *, principal: Principal) -> RegistrationPermit:
        """Let nobody register by a permit any more; who has, stays registered.

        Raises:
            NotFoundError: There is no such permit in the caller's organization.
        """
        permit = await self._storage.find(permit_id)
        if permit is None:
            raise NotFoundError
        if permit.revoked_at is None:
            now = self._clock.now()
            await self._storage.revoke(permit_id, now)
            permit = permit.model_copy(update={"revoked_at": now})
            await self._tell(SecurityEventKind.REGISTRATION_PERMIT_REVOKED, permit, principal)
        return permit

    async def _tell(self, kind: SecurityEventKind, permit: RegistrationPermit, principal: Principal) -> None:
        told = Told(kind, principal.organization_id, by=principal.account_id, scopes=permit.scopes)
        await self._trail.tell(told)


@dataclass(frozen=True, slots=True)
class RegistrationUnit:
    """What one transaction of a registration works with."""

    permits: PermitStorage
    clients: OauthClientsLogic
    organizations: OrganizationsLogic


RegistrationUnits = Callable[[], AbstractAsyncContextManager[RegistrationUnit]]


class Registered(NamedTuple):
    """An application, and the token with which it reads and changes what it is."""

    client: OauthClient
    token: str


class RegistrationsLogic:
    """Registers applications by their own word, and lets each of them read, change and end what it is."""

    def __init__(self, units: RegistrationUnits, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    async def register(self, token: str, metadata: ClientMetadata) -> Registered:
        """Register an application; it gets tokens for a week, and longer where an administrator confirms it.

        Raises:
            RegistrationTokenError: The token is of no permit that is good now.
            InvalidClientMetadataError: Something of it is not given here; the permit is not used.
            InvalidRedirectUriError: A redirect is not exact, or not https; the permit is not used.
            UnapprovedStatementError: It brings a software statement.
        """
        handle = Handle.read(token)
        if handle is None:
            raise RegistrationTokenError
        async with self._units() as unit:
            await unit.permits.enter(handle.organization_id)
            permit = await unit.permits.use(handle.digest, self._clock.now())
            if permit is None or not await unit.organizations.is_open(handle.organization_id):
                raise RegistrationTokenError
            own = Handle.fresh(handle.organization_id)
            with _in_the_standards_words():
                request, registration = requested(metadata, permit.scopes), Registration(permit.id, own.digest)
                client = await unit.clients.register_itself(request, handle.organization_id, registration)
        return Registered(client, own.text)

    async def read(self, client_id: str, token: str) -> Registered:
        """Return an application to itself; raises RegistrationTokenError where the token is not its own."""
        async with self._units() as unit:
            client, _ = await self._own(unit, client_id, token)
        return Registered(client, token)

    async def replace(self, client_id: str, token: str, update: ClientUpdate) -> Registered:
        """Let an application be what it says now: all it was granted ends, and it is to be confirmed again.

        Raises:
            RegistrationTokenError: The token is not its own, or the permit that it came by is revoked.
            InvalidClientMetadataError: As `register` does; so InvalidRedirectUriError and UnapprovedStatementError.
        """
        async with self._units() as unit:
            client, registration = await self._own(unit, client_id, token)
            if update.client_id != str(client.id):
                raise InvalidClientMetadataError("client_id: must be the application's own")
            permit = await unit.permits.find(registration.permit_id)
            if permit is None or permit.revoked_at is not None:
                raise RegistrationTokenError
            with _in_the_standards_words():
                request = requested(update, permit.scopes)
                client = await unit.clients.change_itself(client, request)
        return Registered(client, token)

    async def end(self, client_id: str, token: str) -> None:
        """Let an application get no token any more; raises RegistrationTokenError where the token is not its own."""
        async with self._units() as unit:
            client, _ = await self._own(unit, client_id, token)
            await unit.clients.end_itself(client)

    async def _own(self, unit: RegistrationUnit, client_id: str, token: str) -> tuple[OauthClient, Registration]:
        handle, named = Handle.read(token), _client_id(client_id)
        found = None if handle is None or named is None else await unit.clients.registered_itself(named)
        if handle is None or found is None or not hmac.compare_digest(found[1].registration_hash, handle.digest):
            raise RegistrationTokenError
        await unit.permits.enter(handle.organization_id)
        return found


@contextmanager
def _in_the_standards_words() -> Iterator[None]:
    try:
        yield
    except WrongMetadataError as wrong:
        raise refusal_of(wrong.member, str(wrong)) from None
    except InvalidRequestError as wrong:
        member = member_at(wrong.errors[0].pointer)
        raise refusal_of(member, f"{member}: {wrong.errors[0].detail}") from None


def _organization_of(principal: Principal) -> OrganizationId:
    if principal.organization_id is None:
        raise NotFoundError
    return principal.organization_id


def _client_id(text: str) -> OauthClientId | None:
    try:
        return OauthClientId(UUID(text))
    except ValueError:
        return None
