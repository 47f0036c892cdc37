"""What is allowed with group offerings."""

from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import GroupOfferingId, OrganizationId, SiteId
from services.contracts.scheduler.sites import GroupOffering, GroupOfferingRequest
from services.scheduler.group_offerings import storage
from services.scheduler.sites.logic import SitesReader, refuse_late_start, refuse_no_stay, refuse_past_end, refuse_stale


class GroupOfferingsReader:
    """Reads the group offerings of sites."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[GroupOffering]:
        """Return a page of a site's offerings.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page))

    async def get(self, site_id: SiteId, group_offering_id: GroupOfferingId) -> GroupOffering:
        """Return an offering of a site.

        Raises:
            NotFoundError: There is no such offering at such a site in the caller's organization.
        """
        offering = await storage.find(self._read, site_id, group_offering_id)
        if offering is None:
            raise NotFoundError
        return offering

    async def of_site(self, site_id: SiteId) -> list[GroupOffering]:
        """Return every offering of a site."""
        return await storage.of_site(self._read, site_id)


class GroupOfferingsLogic:
    """Sets up group offerings."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        sites: SitesReader,
        reader: GroupOfferingsReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sites = sites
        self._reader = reader
        self._clock = clock

    async def create(self, site_id: SiteId, request: GroupOfferingRequest) -> GroupOffering:
        """Make an offering of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return await storage.insert(self._db, self._organization_id, site_id, request, self._clock.now())

    async def replace(
        self,
        site_id: SiteId,
        group_offering_id: GroupOfferingId,
        request: GroupOfferingRequest,
        expected_version: int,
    ) -> GroupOffering:
        """Give an offering other sizes, or end it; this transaction has locked the site.

        Raises:
            NotFoundError: There is no such offering at such a site in the caller's organization.
            StaleVersionError: `expected_version` is not the current one.
            InvalidRequestError: It is to be another service or of another length, to end before today or not after it
                begins, or to begin anew.
        """
        today = self._clock.today(ZoneInfo((await self._sites.get(site_id)).zone))
        before = await self._reader.get(site_id, group_offering_id)
        refuse_stale(expected_version, before.version)
        for member in ("service", "minutes"):
            if getattr(request, member) != getattr(before, member):
                raise InvalidRequestError(
                    f"/{member}", "must stay as it is, for published weeks refer to it: end this one and make another"
                )
        starts_on = request.starts_on or before.starts_on
        refuse_late_start(before.starts_on, starts_on, today)
        refuse_no_stay(starts_on, request.ends_on)
        refuse_past_end(before.ends_on, request.ends_on, today)
        return await storage.replace(self._db, before, request, starts_on)
