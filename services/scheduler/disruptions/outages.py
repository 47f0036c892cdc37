"""What solves, placements and publications may not use of a week."""

from services.chassis.database import Read
from services.contracts.identifiers import SiteId
from services.scheduler.disruptions import storage
from services.scheduler.disruptions.rules import outages_of
from services.scheduler.solves.outages import Outages
from services.scheduler.weeks import WeekGrid


class OutagesReader:
    """Reads what is missing from a week."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of_week(self, site_id: SiteId, grid: WeekGrid) -> Outages:
        """Return what the open disruptions of a site's week keep from it."""
        return outages_of(await storage.open_in_week(self._read, site_id, grid.monday), grid)
