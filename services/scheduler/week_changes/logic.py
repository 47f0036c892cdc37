"""What is allowed with what has changed."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.week_changes import WeekChanges
from services.scheduler.sites.logic import SitesReader
from services.scheduler.week_changes import rules, storage


class WeekChangesReader:
    """Compares what somebody has seen of a site with what it is like."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def since(self, site_id: SiteId, cursor: str | None) -> WeekChanges:
        """Return the weeks from the current one on that are not as they were; all of them without a cursor.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The cursor is none of this site.
        """
        zone, now = ZoneInfo((await self._sites.get(site_id)).zone), self._clock.now()
        before = {} if cursor is None else rules.read(cursor, site_id)
        if before is None:
            raise InvalidRequestError("since", "must be the cursor of an answer about this site", location="query")
        today = now.astimezone(zone).date()
        monday = today - timedelta(days=today.weekday())
        seen = await storage.weeks_from(self._read, site_id, monday, now, most=rules.MOST_WEEKS)
        return WeekChanges(items=rules.changes(before, seen), cursor=rules.written(site_id, seen))
