"""What may be done with organizations."""

import secrets
from collections.abc import Sequence

from services.chassis.clock import Clock
from services.chassis.database import Read, new_id
from services.chassis.errors import NotFoundError
from services.contracts.gateway.organizations import OpenOrganization, Organization, OrganizationRequest
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal
from services.gateway.organizations import storage
from services.gateway.organizations.rules import may_see
from services.gateway.organizations.storage import OrganizationStorage
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class OrganizationsLogic:
    """Creates and shows organizations."""

    def __init__(self, storage: OrganizationStorage, trail: SecurityTrail, clock: Clock) -> None:
        self._storage = storage
        self._trail = trail
        self._clock = clock

    async def create(self, request: OrganizationRequest, *, principal: Principal) -> Organization:
        """Create an organization; names need not be unique."""
        now = self._clock.now()
        organization_id = OrganizationId(new_id(now, secrets.token_bytes(10)))
        organization = Organization(id=organization_id, name=request.name, created_at=now, closed_at=None)
        await self._storage.add(organization)
        await self._trail.tell(
            Told(
                SecurityEventKind.ORGANIZATION_ADDED,
                None,
                by=principal.account_id,
                organization_added_id=organization_id,
            )
        )
        return organization

    async def read(self, organization_id: OrganizationId, *, principal: Principal) -> Organization:
        """Return an organization that the caller may see.

        Raises:
            NotFoundError: It does not exist, or is not the caller's own.
        """
        organization = await self._storage.find(organization_id) if may_see(principal, organization_id) else None
        if organization is None:
            raise NotFoundError
        return organization

    async def put_closed(
        self, organization_id: OrganizationId, *, is_closed: bool, principal: Principal
    ) -> tuple[Organization, Organization]:
        """Close an organization, or open it again, and return it before and after; sign-ins meanwhile wait.

        Raises:
            NotFoundError: It does not exist, or is not the caller's to see.
        """
        before = await self._storage.hold(organization_id) if may_see(principal, organization_id) else None
        if before is None:
            raise NotFoundError
        if (before.closed_at is not None) is is_closed:
            return before, before
        closed_at = self._clock.now() if is_closed else None
        await self._storage.put_closed(organization_id, closed_at)
        return before, before.model_copy(update={"closed_at": closed_at})

    async def is_open(self, organization_id: OrganizationId) -> bool:
        """Say whether people and applications of an organization are let in."""
        organization = await self._storage.find(organization_id)
        return organization is not None and organization.closed_at is None

    async def named(self, organization_ids: Sequence[OrganizationId]) -> list[Organization]:
        """Return organizations by name, for a person who works in them."""
        return await self._storage.named(organization_ids)


class OpenOrganizationsReader:
    """Tells whoever asks which organizations let people in: one statement, for it may be asked often."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def one(self, organization_id: OrganizationId) -> OpenOrganization:
        """Return an organization that lets people in; raises NotFoundError where it is closed, or there is none."""
        if not await storage.is_open(self._read, organization_id):
            raise NotFoundError
        return OpenOrganization(id=organization_id)
