"""What is allowed with practitioners."""

from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, PractitionerId, SiteId
from services.contracts.scheduler.sites import Practitioner, PractitionerRequest
from services.scheduler.practitioners import storage
from services.scheduler.sites.logic import SitesReader, refuse_late_start, refuse_no_stay, refuse_past_end, refuse_stale


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

    async def get(self, site_id: SiteId, practitioner_id: PractitionerId) -> Practitioner:
        """Return a practitioner of a site.

        Raises:
            NotFoundError: There is no such practitioner at such a site in the caller's organization.
        """
        practitioner = await storage.find(self._read, site_id, practitioner_id)
        if practitioner is None:
            raise NotFoundError
        return practitioner

    async def of_site(self, site_id: SiteId) -> list[Practitioner]:
        """Return every practitioner of a site."""
        return await storage.of_site(self._read, site_id)


class PractitionersLogic:
    """Sets up practitioners."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        sites: SitesReader,
        reader: PractitionersReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._reader = reader
        self._clock = clock

    async def create(self, site_id: SiteId, request: PractitionerRequest) -> Practitioner:
        """Make a practitioner of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The end is not after the start, which is today where none is named.
        """
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        starts_on = request.starts_on or self._clock.today(zone)
        refuse_no_stay(starts_on, request.ends_on)
        return await storage.insert(
            self._db, self._organization_id, site_id, request, starts_on=starts_on, now=self._clock.now()
        )

    async def replace(
        self, site_id: SiteId, practitioner_id: PractitionerId, request: PractitionerRequest, expected_version: int
    ) -> Practitioner:
        """Set a practitioner up otherwise, or end the time at the site; this transaction has locked the site.

        Raises:
            NotFoundError: There is no such practitioner at such a site in the caller's organization.
            StaleVersionError: `expected_version` is not the current one.
            InvalidRequestError: The end is past or not after the start, or the start is moved from the past to come.
        """
        today = self._clock.today(ZoneInfo((await self._sites.get(site_id)).zone))
        before = await self._reader.get(site_id, practitioner_id)
        refuse_stale(expected_version, before.version)
        starts_on = request.starts_on or before.starts_on
        refuse_late_start(before.starts_on, starts_on, today)
        refuse_no_stay(starts_on, request.ends_on)
        refuse_past_end(before.ends_on, request.ends_on, today)
        return await storage.replace(self._db, before, request, starts_on=starts_on)
