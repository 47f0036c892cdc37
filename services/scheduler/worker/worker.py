"""The worker's two loops: solving what is queued, and looking after what others left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import asyncpg
from pgqueuer.models import Job

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.scheduler.dispatch import SOLVE, read_payload
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.attempts import Attempts, SolverLimits
from services.scheduler.worker.jobs import JobQueue

_ROUND_SECONDS: Final = 1.0
_POOL_SIZE: Final = 2


class Worker:
    """Solves one week at a time until it is cancelled."""

    def __init__(self, connection: Any, database: Database, clock: Clock, limits: SolverLimits) -> None:
        self._queue = JobQueue(connection, SOLVE)
        self._attempts = Attempts(database, clock, limits, self._queue.worker_id)
        self._job: Job | None = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: SchedulerSettings) -> AsyncIterator[Self]:
        """Open a worker with a connection of its own, and close everything at the end."""
        url = str(settings.database_url)
        clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
        limits = SolverLimits(settings.solver_cores, settings.solver_memory_mib)
        opened = OpenDatabase(url, pool_size=_POOL_SIZE)
        connection = await asyncpg.connect(url, timeout=5)
        try:
            yield cls(connection, await opened.open(), clock, limits)
        finally:
            await opened.close()
            await connection.close(timeout=5)

    async def run(self) -> None:
        """Work until cancelled; a solve in hand is then given back.

        Raises:
            ConnectionLostError: The database is gone; begin again when it is back.
        """
        async with self._attempts.solvers.ahead():
            await self._queue.serve(self._solve_what_is_queued, self._look_after_the_queue)

    async def _solve_what_is_queued(self) -> None:
        while True:
            self._job = await self._queue.take()
            if self._job is None:
                await self._queue.wait_for_call()
            else:
                await self._work_on(self._job)

    async def _work_on(self, job: Job) -> None:
        if job.payload is not None:
            await self._attempts.work_on(*read_payload(job.payload))
        await self._queue.done(job)
        # Not before: what was found is kept first, whatever becomes of the next one.
        await self._attempts.solvers.start_ahead()

    async def _look_after_the_queue(self) -> None:
        while True:
            if self._job is not None:
                await self._queue.beat(self._job)
            async for job, dead_worker in self._queue.orphans():
                await self._recover(job, dead_worker)
            await asyncio.sleep(_ROUND_SECONDS)

    async def _recover(self, job: Job, dead_worker: Any) -> None:
        if job.payload is not None:
            organization_id, solve_id = read_payload(job.payload)
            async with self._attempts.runs_of(organization_id) as runs:
                await runs.recover(solve_id, dead_worker)
        await self._queue.done(job)
