"""What is allowed with batches of solves: weeks that follow one another, each from the one before."""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import NotFoundError
from services.contracts.identifiers import SolveBatchId
from services.contracts.scheduler.solves import Solve, SolveBatch, SolveBatchRequest, SolveRequest, SolveStatus
from services.scheduler.errors import SolveFinishedError, WeekRefusedError
from services.scheduler.sites.logic import SitesReader
from services.scheduler.solves import storage
from services.scheduler.solves.attempts import BatchPlace
from services.scheduler.solves.logic import SolvesLogic, SolvesReader
from services.scheduler.solves.rules import refusal_of_week
from services.scheduler.storing import fresh_id

_WEEK: Final = timedelta(weeks=1)
_OVER: Final = (SolveStatus.CANCELLED, SolveStatus.FAILED, SolveStatus.SUCCEEDED)


class SolveBatchesReader:
    """Reads batches."""

    def __init__(self, solves: SolvesReader) -> None:
        self._solves = solves

    async def get(self, batch_id: SolveBatchId) -> SolveBatch:
        """Return a batch with where each of its weeks stands.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
        """
        solves = await self._solves.of_batch(batch_id)
        if not solves:
            raise NotFoundError
        return batch_of(batch_id, solves)


def batch_of(batch_id: SolveBatchId, solves: list[Solve]) -> SolveBatch:
    """Say where a batch stands from where its solves do, of which there is one at least."""
    return SolveBatch(
        id=batch_id,
        site_id=solves[0].site_id,
        first_week=solves[0].week,
        status=_status_of(solves),
        solves=solves,
    )


def _status_of(solves: list[Solve]) -> SolveStatus:
    found = {solve.status for solve in solves}
    if found == {SolveStatus.QUEUED}:
        return SolveStatus.QUEUED
    if found & {SolveStatus.QUEUED, SolveStatus.RUNNING}:
        return SolveStatus.RUNNING
    return next(status for status in _OVER if status in found)


class SolveBatchesLogic:
    """Asks for several weeks at once and takes the asking back."""

    def __init__(
        self, db: UnitOfWork, *, reader: SolveBatchesReader, sites: SitesReader, solves: SolvesLogic, clock: Clock
    ) -> None:
        self._db = db
        self._reader = reader
        self._sites = sites
        self._solves = solves
        self._clock = clock

    async def create(self, request: SolveBatchRequest, caller_token: str) -> SolveBatch:
        """Take a picture of each week and queue the first; each later one begins when the one before is over.

        Raises:
            WeekRefusedError: The first week is no Monday or past, or the last one lies more than a year ahead.
            SolveInProgressError: One of the weeks is being solved already; nothing was queued.
            Whatever `SolvesLogic.create` raises, for the same reasons.
        """
        site = await self._sites.get(request.site_id)
        today = self._clock.today(ZoneInfo(site.zone))
        weeks = [request.first_week + number * _WEEK for number in range(request.weeks)]
        for week in (weeks[0], weeks[-1]):
            refusal = refusal_of_week(week, today)
            if refusal is not None:
                raise WeekRefusedError(*refusal, pointer="/first_week")
        batch_id = SolveBatchId(fresh_id(self._clock.now()))
        for number, week in enumerate(weeks):
            one = SolveRequest(
                site_id=request.site_id,
                week=week,
                time_limit_seconds=request.time_limit_seconds,
                seed=request.seed,
            )
            await self._solves.create_in_batch(one, caller_token, BatchPlace(batch_id, number))
        return await self._reader.get(batch_id)

    async def cancel(self, batch_id: SolveBatchId) -> SolveBatch:
        """Cancel every week that is not over; proposals that there are stay.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
            SolveFinishedError: Every week is over.
        """
        batch = await self._reader.get(batch_id)
        await storage.lock_batch(self._db, batch.solves[0].id)
        now = self._clock.now()
        cancelled = [await storage.request_cancel(self._db, solve.id, now) for solve in batch.solves]
        if not any(cancelled):
            raise SolveFinishedError
        return await self._reader.get(batch_id)
