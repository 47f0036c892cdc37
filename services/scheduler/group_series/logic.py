"""What is allowed with group series."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.group_series import GroupSeries
from services.scheduler.group_series import storage
from services.scheduler.group_series.rules import meetings_of
from services.scheduler.sites.logic import SitesReader


class GroupSeriesReader:
    """Reads the series of sites."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[GroupSeries]:
        """Return a page of a site's series, the oldest first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        await self._sites.get(site_id)
        return page.page(await storage.page(self._read, site_id, page))


class GroupSeriesLogic:
    """Carries series from week to week."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def carry(self, site_id: SiteId, week: date, document: Mapping[str, Any]) -> None:
        """Note the series that a published week holds; `document` is its timetable as the solver writes it."""
        meetings = meetings_of(document)
        now = self._clock.now()
        await storage.replace_week(self._db, self._organization_id, site_id, week, meetings=meetings, now=now)
