"""What is told of the sites' zones and states, and what other subjects know of them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.audit.trail import Trail
from services.chassis.clock import Clock
from services.chassis.errors import InvalidRequestError
from services.contracts.disclosure import Purpose
from services.contracts.identifiers import SiteId
from services.contracts.records.site_zones import SiteEvent, SiteReceipt
from services.records.site_zones.rules import FIRST, UTC, Zones
from services.records.site_zones.storage import SiteZoneQueries, SiteZoneRows

UNKNOWN_SITE: Final = (
    "must be a site of your organization, as list_sites names them; one that was set up just now is known as soon as"
    " the scheduler has told of it: send the request again then"
)
OTHER_ZONE: Final = "must be the zone of the patient's site, as the scheduler has told it"


class SiteConsumer:
    """Takes the scheduler's events of sites, each of them once, however often it is told."""

    def __init__(self, rows: SiteZoneRows, trail: Trail, clock: Clock) -> None:
        self._rows = rows
        self._trail = trail
        self._clock = clock

    async def take(self, event: SiteEvent) -> SiteReceipt:
        """Take an event, which is of no patient."""
        await self._rows.put(event, self._clock.now())
        self._trail.permit(basis="use", purpose=Purpose.OPERATIONS, event=event.id)
        return SiteReceipt(site_id=event.id)


class SiteZoneReads:
    """Tells by which zone the days of each site are counted."""

    def __init__(self, queries: SiteZoneQueries) -> None:
        self._queries = queries

    async def known(self) -> Mapping[SiteId, ZoneInfo]:
        """Return the zone of each site of which the scheduler has told."""
        return await self._queries.all()

    async def zone(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site, UTC where none was told."""
        return Zones(await self.known(), UTC).of(site_id)

    async def jurisdiction(self, site_id: SiteId) -> str | None:
        """Return in which state a site is, or None where nobody has set it up; no caller chooses it."""
        return await self._queries.jurisdiction(site_id)

    async def day(self, at: datetime, site_id: SiteId) -> date:
        """Return of which day an instant is at a site."""
        return Zones(await self.known(), UTC).day(at, site_id)

    async def for_site(self, site_id: SiteId, asked: str) -> Zones:
        """Return the zones for a caller who says that a site is in one of them; the caller chooses none.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        zones = Zones(await self.known(), ZoneInfo(asked))
        if zones.of(site_id).key != asked:
            raise InvalidRequestError("zone", OTHER_ZONE, location="query")
        return zones


class KnownSites:
    """Knows the sites of an organization, within one unit of work, as far as the scheduler has told of them."""

    def __init__(self, rows: SiteZoneRows) -> None:
        self._rows = rows

    async def refuse_unknown(self, site_id: SiteId, pointer: str) -> None:
        """Let a site pass that is one of the organization's; where none was told of yet, any does.

        Raises:
            InvalidRequestError: The scheduler has told of sites, and not of this one.
        """
        known = await self._rows.known()
        if known and site_id not in known:
            raise InvalidRequestError(pointer, UNKNOWN_SITE, code="unknown-site")

    async def zone(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site, UTC where none was told."""
        return Zones(await self._rows.known(), UTC).of(site_id)

    async def day(self, at: datetime, site_id: SiteId) -> date:
        """Return of which day an instant is at a site."""
        return Zones(await self._rows.known(), UTC).day(at, site_id)

    async def latest_day(self, at: datetime, site_id: SiteId) -> date:
        """Return of which day an instant is at a site, or the latest it can be where its zone was not told."""
        return Zones(await self._rows.known(), FIRST).day(at, site_id)
