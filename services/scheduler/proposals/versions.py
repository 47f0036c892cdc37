"""What was published of a week: the sessions of any version, and what moved between two of them."""

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import reduce
from zoneinfo import ZoneInfo

from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.timetables import MovedWeek, VersionedWeek
from services.scheduler.proposals.logic import ProposalsReader
from services.scheduler.proposals.moves import Version, both, known_of, moved_between
from services.scheduler.proposals.rules import sessions_of
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance
from services.scheduler.storing import json_of
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.timetables.storage import StoredVersion
from services.scheduler.weeks import WeekGrid


class VersionsReader:
    """Reads versions of weeks as they were told to people; what was booked by hand since is the book's alone."""

    def __init__(self, *, sites: SitesReader, published: TimetablesReader, proposals: ProposalsReader) -> None:
        self._sites = sites
        self._published = published
        self._proposals = proposals

    async def get(self, site_id: SiteId, week: date, version: int) -> VersionedWeek:
        """Return one version with its sessions in order of time.

        Raises:
            NotFoundError: There is no such version, or no such site in the caller's organization.
        """
        grid = await self._grid(site_id, week)
        found = await self._published.version(site_id, week, version)
        if found is None:
            raise NotFoundError
        timetable, document = found
        known = await self._known(await self._published.since(site_id, week, 1, until=version))
        planned = known_of(known, timetable_from_json(document))
        sessions = await asyncio.to_thread(sessions_of, known, planned, grid)
        return VersionedWeek(timetable=timetable, sessions=sessions)

    async def difference(self, site_id: SiteId, week: date, base_version: int, version: int) -> MovedWeek:
        """Return every session of a patient that is different in a version from an earlier one.

        Raises:
            NotFoundError: There is no such version, or no such site in the caller's organization.
            InvalidRequestError: The base is no earlier version of the week.
        """
        grid = await self._grid(site_id, week)
        if await self._published.version(site_id, week, version) is None:
            raise NotFoundError
        if base_version >= version:
            raise InvalidRequestError("base_version", "must be an earlier version of this week", location="query")
        stored = await self._published.since(site_id, week, base_version, until=version)
        known = await self._known(stored)
        versions = [Version(one.version, one.reason, timetable_from_json(one.document)) for one in stored]
        return await asyncio.to_thread(lambda: moved_between(known, known, versions, grid, most=None))

    async def _grid(self, site_id: SiteId, week: date) -> WeekGrid:
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        if week.weekday() != 0:
            raise NotFoundError
        return WeekGrid(zone, week)

    async def _known(self, stored: Sequence[StoredVersion]) -> Instance:
        """Return what was known when any of the versions was made; of what was known twice, the later counts."""
        proposals = list(dict.fromkeys(one.proposal_id for one in stored))
        written = await self._proposals.written_instances(proposals)

        def join() -> Instance:
            return reduce(both, (instance_from_json(json_of(written[proposal_id])) for proposal_id in proposals))

        return await asyncio.to_thread(join)
