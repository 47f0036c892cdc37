"""How records learns by which zone the days of a site are counted: at least once, whatever dies in between."""

from typing import Protocol

import structlog

from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.contracts.identifiers import OrganizationId
from services.contracts.records.site_zones import SiteEvent
from services.scheduler.dispatch import SiteCall, enqueue_site, pause_after
from services.scheduler.sites import storage


class SiteIntake(Protocol):
    """Takes events; the same one twice is once."""

    async def receive_site(self, organization_id: OrganizationId, event: SiteEvent) -> None:
        """Hand over an event.

        Raises:
            RefusedError: It was not taken.
            UpstreamUnavailableError: Nobody knows whether it was.
        """


class SiteTelling:
    """Tells records of sites' zones; it never gives up, for until then no day of the site is certain."""

    def __init__(self, database: Database, records: SiteIntake) -> None:
        self._database = database
        self._records = records
        self._log = structlog.get_logger()

    async def tell(self, call: SiteCall) -> None:
        """Hand a site's zone over, or have it tried again later."""
        async with self._database.read(call.organization_id) as read:
            site = await storage.find_site(read, call.site_id)
        if site is None:
            return
        try:
            await self._records.receive_site(call.organization_id, SiteEvent(id=site.id, zone=site.zone))
        except (UpstreamUnavailableError, RefusedError) as error:
            self._log.warning("site not told", error_type=type(error).__name__)
            async with self._database.command(call.organization_id) as db:
                await enqueue_site(db, call._replace(attempts=call.attempts + 1), pause_after(call.attempts))
