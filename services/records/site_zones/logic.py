"""What other subjects know of the sites' zones."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from services.contracts.identifiers import SiteId
from services.records.site_zones.storage import SiteZoneQueries


class SiteZoneReads:
    """Tells by which zone the days of each site are counted."""

    def __init__(self, queries: SiteZoneQueries) -> None:
        self._queries = queries

    async def known(self) -> Mapping[SiteId, ZoneInfo]:
        """Return the zone of each site of which the scheduler has told."""
        return await self._queries.all()
