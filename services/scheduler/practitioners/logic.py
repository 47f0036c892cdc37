"""What is allowed with practitioners."""

from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.sites import Practitioner, PractitionerRequest
from services.scheduler.practitioners import storage
from services.scheduler.sites.logic import SitesReader


class PractitionersReader:
    """Reads the practitioners of sites."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[Practitioner]:
        """Return a page of a site's practitioners.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page))

    async def of_site(self, site_id: SiteId) -> list[Practitioner]:
        """Return every practitioner of a site."""
        return await storage.of_site(self._read, site_id)


class PractitionersLogic:
    """Sets up practitioners."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, sites: SitesReader, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._clock = clock

    async def create(self, site_id: SiteId, request: PractitionerRequest) -> Practitioner:
        """Make a practitioner of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        starts_on = request.starts_on or self._clock.today(zone)
        return await storage.insert(
            self._db, self._organization_id, site_id, request, starts_on=starts_on, now=self._clock.now()
        )
