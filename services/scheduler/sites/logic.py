"""What is allowed with sites and rooms."""

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.sites import Room, RoomRequest, Site, SiteRequest
from services.scheduler.sites import storage


class SitesReader:
    """Reads sites and rooms."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def get(self, site_id: SiteId) -> Site:
        """Return a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        site = await storage.find_site(self._read, site_id)
        if site is None:
            raise NotFoundError
        return site

    async def page(self, page: PageRequest) -> Page[Site]:
        """Return a page of sites."""
        return page.page(await storage.page_of_sites(self._read, page))

    async def page_of_rooms(self, site_id: SiteId, page: PageRequest) -> Page[Room]:
        """Return a page of a site's rooms.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self.get(site_id)
        return page.page(await storage.page_of_rooms(self._read, site_id, page))

    async def all_rooms(self, site_id: SiteId) -> list[Room]:
        """Return every room of a site."""
        return await storage.all_rooms(self._read, site_id)


class SitesLogic:
    """Sets up sites and rooms."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, reader: SitesReader, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._clock = clock

    async def create(self, request: SiteRequest) -> Site:
        """Make a site."""
        return await storage.insert_site(self._db, self._organization_id, request, self._clock.now())

    async def create_room(self, site_id: SiteId, request: RoomRequest) -> Room:
        """Make a room of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._reader.get(site_id)
        return await storage.insert_room(self._db, self._organization_id, site_id, request, self._clock.now())
