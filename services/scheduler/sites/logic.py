"""What is allowed with sites and rooms."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, RoomId, SiteId
from services.contracts.scheduler.sites import Room, RoomRequest, Site, SiteRequest
from services.scheduler.dispatch import SiteCall, enqueue_site
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

    async def room(self, site_id: SiteId, room_id: RoomId) -> Room:
        """Return a room of a site.

        Raises:
            NotFoundError: There is no such room at such a site in the caller's organization.
        """
        room = await storage.find_room(self._read, site_id, room_id)
        if room is None:
            raise NotFoundError
        return room

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
        """Make a site, of whose zone records is told once this is committed."""
        site = await storage.insert_site(self._db, self._organization_id, request, self._clock.now())
        await enqueue_site(self._db, SiteCall(self._organization_id, site.id), timedelta())
        return site

    async def create_room(self, site_id: SiteId, request: RoomRequest) -> Room:
        """Make a room of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._reader.get(site_id)
        return await storage.insert_room(self._db, self._organization_id, site_id, request, self._clock.now())

    async def lock(self, site_id: SiteId) -> None:
        """Let nobody change the setup of a site, or publish a week of it, until the transaction ends."""
        await storage.lock_site(self._db, site_id)

    async def replace(self, site_id: SiteId, request: SiteRequest, expected_version: int) -> Site:
        """Set a site that this transaction has locked up otherwise.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            StaleVersionError: `expected_version` is not the current one.
            InvalidRequestError: The zone is another one, or it is to end before today.
        """
        before = await self._reader.get(site_id)
        refuse_stale(expected_version, before.version)
        refuse_past_end(before.ends_on, request.ends_on, self._clock.today(ZoneInfo(before.zone)))
        if request.zone != before.zone:
            raise InvalidRequestError("/zone", "must stay as it is: what is published is wall time of it")
        return await storage.replace_site(self._db, before, request)

    async def replace_room(self, site_id: SiteId, room_id: RoomId, request: RoomRequest, expected_version: int) -> Room:
        """Set a room up otherwise, or end it; this transaction has locked the site.

        Raises:
            NotFoundError: There is no such room at such a site in the caller's organization.
            StaleVersionError: `expected_version` is not the current one.
            InvalidRequestError: It is to end before today or not after it begins, or begins anew.
        """
        site, before = await self._reader.get(site_id), await self._reader.room(site_id, room_id)
        refuse_stale(expected_version, before.version)
        today = self._clock.today(ZoneInfo(site.zone))
        starts_on = request.starts_on or before.starts_on
        refuse_late_start(before.starts_on, starts_on, today)
        refuse_no_stay(starts_on, request.ends_on)
        refuse_past_end(before.ends_on, request.ends_on, today)
        return await storage.replace_room(self._db, before, request, starts_on)


def refuse_stale(expected_version: int, current_version: int) -> None:
    """Refuse to change a version that is no longer current.

    Raises:
        StaleVersionError: The versions differ.
    """
    if expected_version != current_version:
        raise StaleVersionError("Another version is current: read it again and send its ETag.")


def refuse_late_start(before: date | None, starts_on: date | None, today: date) -> None:
    """Refuse to let something begin anew that is there already: weeks are published with it.

    Raises:
        InvalidRequestError: It has begun, and the start lies ahead.
    """
    if starts_on is not None and today < starts_on and (before is None or before <= today):
        raise InvalidRequestError("/starts_on", "must not lie ahead, for it has begun; use ends_on")


def refuse_no_stay(starts_on: date | None, ends_on: date | None) -> None:
    """Refuse an end that does not come after the start.

    Raises:
        InvalidRequestError: It does not.
    """
    if starts_on is not None and ends_on is not None and ends_on <= starts_on:
        raise InvalidRequestError("/ends_on", f"must be after starts_on, which is {starts_on}")


def refuse_past_end(before: date | None, ends_on: date | None, today: date) -> None:
    """Refuse to end something before today: what was held there or by them was held.

    Raises:
        InvalidRequestError: The end is a new one, and past.
    """
    if ends_on is not None and ends_on != before and ends_on < today:
        raise InvalidRequestError("/ends_on", "must not lie before today")
