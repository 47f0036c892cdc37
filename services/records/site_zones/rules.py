"""On which day something was at a site."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.contracts.identifiers import SiteId

UTC: Final = ZoneInfo("UTC")
"""Whose days are counted at a site of which the scheduler has not told, where no caller says a zone."""

FIRST: Final = ZoneInfo("Etc/GMT-14")
"""Where a day begins first."""


class Zones(NamedTuple):
    """By which zone the days of each site are counted; by the caller's where the scheduler has not told of it yet."""

    known: Mapping[SiteId, ZoneInfo]
    asked: ZoneInfo

    def of(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site."""
        return self.known.get(site_id, self.asked)

    def day(self, at: datetime, site_id: SiteId) -> date:
        """Return of which day an instant is at a site."""
        return at.astimezone(self.of(site_id)).date()
