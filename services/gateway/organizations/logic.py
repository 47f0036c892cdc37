"""What may be done with organizations."""

import secrets
from collections.abc import Sequence

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.contracts.gateway.organizations import Organization, OrganizationRequest
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal
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
        organization = Organization(id=organization_id, name=request.name, created_at=now)
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

    async def named(self, organization_ids: Sequence[OrganizationId]) -> list[Organization]:
        """Return organizations by name, for a person who works in them."""
        return await self._storage.named(organization_ids)
