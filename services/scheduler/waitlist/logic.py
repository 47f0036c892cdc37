"""What is allowed with the waitlist."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, SiteId, WaitlistEntryId
from services.contracts.scheduler.waitlist import (
    RankedEntry,
    RemovalReason,
    WaitlistEntry,
    WaitlistEntryChange,
    WaitlistEntryRequest,
    WaitlistRank,
    WaitlistStatus,
)
from services.contracts.vocabulary import ServiceKind
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.waitlist import storage
from services.scheduler.waitlist.errors import AlreadyWaitingError, EntryClosedError, EntryMovedError
from services.scheduler.waitlist.rules import ranked

_LONGEST_WAIT: Final = timedelta(days=3660)
_MOST_SHOWN: Final = 100


class WaitlistReader:
    """Reads the waitlist."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def get(self, entry_id: WaitlistEntryId) -> WaitlistEntry:
        """Return an entry.

        Raises:
            NotFoundError: There is no such entry in the caller's organization.
        """
        entry = await storage.find(self._read, entry_id)
        if entry is None:
            raise NotFoundError
        return entry

    async def page(self, site_id: SiteId, status: WaitlistStatus, page: PageRequest) -> Page[WaitlistEntry]:
        """Return a page of a site's entries of one status.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, status, page))

    async def rank(self, site_id: SiteId, service: ServiceKind | None) -> WaitlistRank:
        """Return who waits at a site in the order in which they are asked, for one service or for any.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        day = self._clock.today(zone)
        found = await self.ranked(site_id, day)
        shown = [one for one in found if service is None or one.entry.service in {None, service}]
        items = [one.model_copy(update={"rank": number}) for number, one in enumerate(shown[:_MOST_SHOWN], start=1)]
        return WaitlistRank(site_id=site_id, day=day, waiting=len(shown), items=items)

    async def ranked(self, site_id: SiteId, day: date) -> Sequence[RankedEntry]:
        """Return everybody who waits at a site that exists, who is asked first at the head."""
        return ranked(await storage.waiting(self._read, site_id), day)


class WaitlistLogic:
    """Puts people on the waitlist and takes them off."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: WaitlistReader,
        sites: SitesReader,
        records: RecordsClient,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._sites = sites
        self._records = records
        self._clock = clock

    async def add(self, site_id: SiteId, request: WaitlistEntryRequest, caller_token: str) -> WaitlistEntry:
        """Let a patient wait at a site.

        Raises:
            NotFoundError: There is no such site or no such patient in the caller's organization.
            InvalidRequestError: The request lies in the future, or more than ten years back.
            AlreadyWaitingError: The patient waits for the same there.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        today = self._clock.today(ZoneInfo((await self._sites.get(site_id)).zone))
        since = request.since or today
        if not today - _LONGEST_WAIT <= since <= today:
            raise InvalidRequestError("/since", "must be today or a day of the last ten years")
        await self._refuse_stranger(request, caller_token)
        entry = self._waiting(site_id, request, since)
        if not await storage.add(self._db, self._organization_id, entry):
            raise AlreadyWaitingError
        return entry

    async def _refuse_stranger(self, request: WaitlistEntryRequest, caller_token: str) -> None:
        try:
            await self._records.patient_presence(caller_token, request.patient_id)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    def _waiting(self, site_id: SiteId, request: WaitlistEntryRequest, since: date) -> WaitlistEntry:
        now = self._clock.now()
        return WaitlistEntry(
            id=WaitlistEntryId(fresh_id(now)),
            site_id=site_id,
            patient_id=request.patient_id,
            service=request.service,
            windows=request.windows,
            priority_facts=sorted(request.priority_facts),
            since=since,
            status=WaitlistStatus.WAITING,
            reason=None,
            version=1,
            created_at=now,
            closed_at=None,
        )

    async def change(self, entry_id: WaitlistEntryId, change: WaitlistEntryChange, version: int) -> WaitlistEntry:
        """Replace the windows and priority facts of somebody who waits.

        Raises:
            NotFoundError: There is no such entry in the caller's organization.
            EntryClosedError: The person waits no longer.
            EntryMovedError: The entry is at another version.
        """
        if not await storage.replace(self._db, entry_id, version, change):
            entry = await self._reader.get(entry_id)
            raise EntryMovedError if entry.status is WaitlistStatus.WAITING else EntryClosedError
        return await self._reader.get(entry_id)

    async def place(self, entry_id: WaitlistEntryId) -> WaitlistEntry:
        """End the waiting of somebody who has got what they waited for.

        Raises:
            NotFoundError: There is no such entry in the caller's organization.
            EntryClosedError: The person waits no longer.
        """
        return await self._close(entry_id, WaitlistStatus.PLACED, None)

    async def seated(self, entry_id: WaitlistEntryId) -> None:
        """Take note of a seat: it ends the waiting for one service, and not that for the whole programme.

        Raises:
            EntryClosedError: The person waits no longer.
        """
        entry = await self._reader.get(entry_id)
        if entry.service is not None:
            await self.place(entry_id)
        elif entry.status is not WaitlistStatus.WAITING:
            raise EntryClosedError

    async def remove(self, entry_id: WaitlistEntryId, reason: RemovalReason) -> WaitlistEntry:
        """End the waiting of somebody who does not get a seat.

        Raises:
            NotFoundError: There is no such entry in the caller's organization.
            EntryClosedError: The person waits no longer.
        """
        return await self._close(entry_id, WaitlistStatus.REMOVED, reason)

    async def _close(
        self, entry_id: WaitlistEntryId, status: WaitlistStatus, reason: RemovalReason | None
    ) -> WaitlistEntry:
        is_closed = await storage.close(self._db, entry_id, status, reason, self._clock.now())
        entry = await self._reader.get(entry_id)
        if not is_closed:
            raise EntryClosedError
        return entry
