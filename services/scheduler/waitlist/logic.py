"""What is allowed with the waitlist."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
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
from services.scheduler.reach import CallersReach
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

    async def shown(self, entry_id: WaitlistEntryId, reach: CallersReach) -> WaitlistEntry:
        """Return an entry of somebody whom the caller treats: what puts them before others is of their treatment.

        Raises:
            NotFoundError: There is no such entry in the caller's organization, or not for the caller.
            UpstreamUnavailableError: Records does not answer.
        """
        entry = await self.get(entry_id)
        await reach.require(entry.patient_id, Information.TREATMENT_PLAN)
        return entry

    async def open_to_change(self, entry_id: WaitlistEntryId, reach: CallersReach) -> None:
        """Go on only where the caller may change an entry.

        Raises:
            OpenedToBeReadError: The caller sees the patient by a broken glass alone.
            Whatever `shown` raises, for the same reasons.
        """
        await reach.require_to_change((await self.get(entry_id)).patient_id, Information.TREATMENT_PLAN)

    async def page(
        self, site_id: SiteId, status: WaitlistStatus, page: PageRequest, reach: CallersReach
    ) -> Page[WaitlistEntry]:
        """Return a page of a site's entries of one status, of those whom the caller treats.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._sites.get(site_id)
        entries = page.page(await storage.page(self._read, site_id, status, page))
        seen = await reach.among((one.patient_id for one in entries.items), Information.TREATMENT_PLAN)
        shown = [one for one in entries.items if one.patient_id in seen]
        return Page(items=shown, next_page_token=entries.next_page_token)

    async def rank(self, site_id: SiteId, service: ServiceKind | None, reach: CallersReach) -> WaitlistRank:
        """Return who waits at a site in the order in which they are asked, for one service or for any.

        Those whom the caller does not treat are left out, and their places in the order stay theirs.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            UpstreamUnavailableError: Records does not answer.
        """
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        day = self._clock.today(zone)
        found = await self.ranked(site_id, day)
        asked = [one for one in found if service is None or one.entry.service in {None, service}]
        first = [one.model_copy(update={"rank": number}) for number, one in enumerate(asked[:_MOST_SHOWN], start=1)]
        seen = await reach.among((one.entry.patient_id for one in first), Information.TREATMENT_PLAN)
        items = [one for one in first if one.entry.patient_id in seen]
        return WaitlistRank(site_id=site_id, day=day, waiting=len(asked), items=items)

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
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._sites = sites
        self._clock = clock

    async def add(self, site_id: SiteId, request: WaitlistEntryRequest, reach: CallersReach) -> WaitlistEntry:
        """Let a patient wait at a site.

        Raises:
            NotFoundError: There is no such site or no such patient here, or the patient is not for the caller.
            InvalidRequestError: The request lies in the future, or more than ten years back.
            AlreadyWaitingError: The patient waits for the same there.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        today = self._clock.today(ZoneInfo((await self._sites.get(site_id)).zone))
        since = request.since or today
        if not today - _LONGEST_WAIT <= since <= today:
            raise InvalidRequestError("/since", "must be today or a day of the last ten years")
        await reach.require_to_change(request.patient_id, Information.TREATMENT_PLAN)
        entry = self._waiting(site_id, request, since)
        if not await storage.add(self._db, self._organization_id, entry):
            raise AlreadyWaitingError
        return entry

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

    async def change(
        self, entry_id: WaitlistEntryId, change: WaitlistEntryChange, version: int, reach: CallersReach
    ) -> WaitlistEntry:
        """Replace the windows and priority facts of somebody who waits.

        Raises:
            NotFoundError: There is no such entry in the caller's organization, or not for the caller.
            EntryClosedError: The person waits no longer.
            EntryMovedError: The entry is at another version.
        """
        await self._reader.open_to_change(entry_id, reach)
        if not await storage.replace(self._db, entry_id, version, change):
            entry = await self._reader.get(entry_id)
            raise EntryMovedError if entry.status is WaitlistStatus.WAITING else EntryClosedError
        return await self._reader.get(entry_id)

    async def place(self, entry_id: WaitlistEntryId, reach: CallersReach) -> WaitlistEntry:
        """End the waiting of somebody who has got what they waited for.

        Raises:
            NotFoundError: There is no such entry in the caller's organization, or not for the caller.
            EntryClosedError: The person waits no longer.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._reader.open_to_change(entry_id, reach)
        return await self._close(entry_id, WaitlistStatus.PLACED, None)

    async def seated(self, entry_id: WaitlistEntryId) -> None:
        """Take note of a seat: it ends the waiting for one service, and not that for the whole programme.

        Raises:
            EntryClosedError: The person waits no longer.
        """
        entry = await self._reader.get(entry_id)
        if entry.service is not None:
            await self._close(entry_id, WaitlistStatus.PLACED, None)
        elif entry.status is not WaitlistStatus.WAITING:
            raise EntryClosedError

    async def remove(self, entry_id: WaitlistEntryId, reason: RemovalReason, reach: CallersReach) -> WaitlistEntry:
        """End the waiting of somebody who does not get a seat.

        Raises:
            NotFoundError: There is no such entry in the caller's organization, or not for the caller.
            EntryClosedError: The person waits no longer.
            UpstreamUnavailableError: Records does not answer.
        """
        await self._reader.open_to_change(entry_id, reach)
        return await self._close(entry_id, WaitlistStatus.REMOVED, reason)

    async def _close(
        self, entry_id: WaitlistEntryId, status: WaitlistStatus, reason: RemovalReason | None
    ) -> WaitlistEntry:
        is_closed = await storage.close(self._db, entry_id, status, reason, self._clock.now())
        entry = await self._reader.get(entry_id)
        if not is_closed:
            raise EntryClosedError
        return entry
