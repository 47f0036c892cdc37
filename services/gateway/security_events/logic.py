"""Telling what happens, and showing it to those who watch over it."""

from services.chassis.audit.trail import event_text
from services.chassis.clock import Clock
from services.chassis.context import current
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.gateway.security_events import SecurityEvent, SecurityEventKind
from services.contracts.identity import Principal
from services.gateway.security_events.rules import INSTALLATION, Told, refused_in, stand_in
from services.gateway.security_events.storage import SecurityEventStorage, Wanted

__all__ = ["SecurityEventKind", "SecurityTrail", "Told", "Wanted", "refused_in"]


class SecurityTrail:
    """Writes what happens in the transaction in which it happens, and reads it."""

    def __init__(self, storage: SecurityEventStorage, key: bytes, clock: Clock) -> None:
        self._storage = storage
        self._key = key
        self._clock = clock

    def stand_in(self, kind: str, text: str) -> str:
        """Return what stands in events for an address of this kind."""
        return stand_in(self._key, kind, text)

    async def tell(self, told: Told) -> None:
        """Add an event; the last thing that a transaction does, for others may wait until it ends.

        Who tells several in one transaction does so in the order of their organizations' ids.

        Raises:
            TrailBlockedError: It could not be written, so what it tells of must not happen.
        """
        members = {"request": told.request_id or current().request_id, **told.members()}
        await self._storage.add(told.trail, event_text(at=self._clock.now(), members=members))

    async def page(self, wanted: Wanted, requested: PageRequest, *, principal: Principal) -> Page[SecurityEvent]:
        """Return a page of the trail of the caller's organization, or for an operator of the installation's own."""
        organization_id = principal.organization_id or INSTALLATION
        return requested.page(await self._storage.some(organization_id, wanted, requested))
