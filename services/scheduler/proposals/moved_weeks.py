"""What whoever comes too late is told of a week: what moved since the version that they worked from."""

import asyncio
from datetime import date
from zoneinfo import ZoneInfo

from services.chassis.database import Read
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import ProposalId, SiteId
from services.contracts.scheduler.timetables import MovedWeek
from services.scheduler.errors import WeekMovedError
from services.scheduler.proposals import storage
from services.scheduler.proposals.moves import Version, moved_between
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solver.format import instance_from_json, timetable_from_json
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.timetables.logic import TimetablesReader
from services.scheduler.weeks import WeekGrid


class MovedWeeks:
    """Names what moved in a week, for those who may read all of it in the book as well."""

    def __init__(self, read: Read, *, sites: SitesReader, published: TimetablesReader, solves: SolvesReader) -> None:
        self._read = read
        self._sites = sites
        self._published = published
        self._solves = solves

    async def since(self, site_id: SiteId, week: date, version: int, known: Instance) -> MovedWeek:
        """Return what is different in the published version from an earlier one; 0 is the week before any.

        `known` is what the solver knew whose timetable was made on that version.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        stored = await self._published.since(site_id, week, version)
        versions = [Version(one.version, one.reason, timetable_from_json(one.document)) for one in stored]
        if not versions or versions[0].number != version:
            versions.insert(0, Version(version, None, Timetable()))
        newest = await self.instance(stored[-1].proposal_id) if stored else known
        grid = WeekGrid(ZoneInfo((await self._sites.get(site_id)).zone), week)
        return await asyncio.to_thread(moved_between, known, newest, versions, grid)

    async def told(self, stale: WeekMovedError, site_id: SiteId) -> WeekMovedError:
        """Return the refusal with what moved; as it is where no such version was published yet."""
        if stale.expected_version > stale.current_version:
            return stale
        base = await self._published.version(site_id, stale.week, max(stale.expected_version, 1))
        if base is None:
            return stale
        known = await self.instance(base[0].proposal_id)
        moved = await self.since(site_id, stale.week, stale.expected_version, known)
        return WeekMovedError(
            stale.week, expected_version=stale.expected_version, current_version=stale.current_version, moved=moved
        )

    async def instance(self, proposal_id: ProposalId) -> Instance:
        """Return what the solver knew that a proposal is of.

        Raises:
            NotFoundError: There is no such proposal in the caller's organization.
        """
        proposal = await storage.find(self._read, proposal_id)
        if proposal is None:
            raise NotFoundError
        return instance_from_json(await self._solves.instance(proposal.solve_id))
