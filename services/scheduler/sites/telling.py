"""How records learns of a site's zone, and of its state by its rules: at least once, whatever dies in between."""

from typing import Protocol

import structlog

from services.chassis.database import Database, Read
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.records.site_zones import SiteEvent
from services.contracts.rule_packs import RuleSettings
from services.contracts.scheduler.sites import Site
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


class SettingsOfSite(Protocol):
    """Finds what binds a site."""

    async def __call__(self, read: Read, site_id: SiteId) -> RuleSettings | None:
        """Return the newest settings; None where nobody has set anything up."""


class SiteTelling:
    """Tells records of sites; it never gives up, for until then no day of the site is certain, nor any state's rule."""

    def __init__(self, database: Database, records: SiteIntake, settings_of: SettingsOfSite) -> None:
        self._database = database
        self._records = records
        self._settings_of = settings_of
        self._log = structlog.get_logger()

    async def tell(self, call: SiteCall) -> None:
        """Hand over what is true of a site now, or have it tried again later."""
        async with self._database.read(call.organization_id) as read:
            site = await storage.find_site(read, call.site_id)
            settings = await self._settings_of(read, call.site_id)
        if site is None:
            return
        try:
            await self._records.receive_site(call.organization_id, _event(site, settings))
        except (UpstreamUnavailableError, RefusedError) as error:
            self._log.warning("site not told", error_type=type(error).__name__)
            async with self._database.command(call.organization_id) as db:
                await enqueue_site(db, call._replace(attempts=call.attempts + 1), pause_after(call.attempts))


def _event(site: Site, settings: RuleSettings | None) -> SiteEvent:
    if settings is None:
        return SiteEvent(id=site.id, zone=site.zone)
    told = {"jurisdiction": settings.jurisdiction, "settings_version": settings.version}
    return SiteEvent.model_validate({"id": site.id, "zone": site.zone, **told})
