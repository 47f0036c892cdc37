"""The worker's reading of calendars: one source at a time, beside the solving and on connections of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import asyncpg
import structlog
from pgqueuer.models import Job

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase, Read, driver_connection
from services.chassis.fetching import Fetcher
from services.chassis.root_keys import RootKeys
from services.chassis.telemetry import frames
from services.contracts.identifiers import OrganizationId
from services.scheduler.commitments.polling import Attempts, PollRuns
from services.scheduler.commitments.readers import LARGEST_CALENDAR, CalendarReaders
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.dispatch import POLL, PollCall, read_poll_call
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.jobs import JobQueue

_BEAT_SECONDS: Final = 5.0
_POOL_SIZE: Final = 1


class Polls:
    """Reads one source after another."""

    def __init__(self, database: Database, clock: Clock, *, remote: RemoteCalendars, root: RootKeys) -> None:
        self._database = database
        self._clock = clock
        self._root = root
        self._attempts = Attempts(remote, CalendarReaders(), clock)

    async def read(self, call: PollCall) -> str:
        """Read the source that a job is about, and say what came of it; no database connection is held meanwhile."""
        async with self._runs_of(call.organization_id) as runs:
            task = await runs.claim(call)
            opened = None if task is None else await runs.opened(task)
        if task is None:
            return "out of date"
        attempted = await self._attempts.read(task, opened)
        async with self._runs_of(call.organization_id) as runs:
            is_kept = await runs.finish(task, attempted)
        return attempted.outcome.value if is_kept else "lost"

    @asynccontextmanager
    async def _runs_of(self, organization_id: OrganizationId) -> AsyncIterator[PollRuns]:
        async with self._database.command(organization_id) as db:
            read = Read(await driver_connection(db))
            yield PollRuns(db, read, organization_id, clock=self._clock, root=self._root)


class Poller:
    """Reads the sources that are due until it is cancelled."""

    def __init__(self, connection: Any, polls: Polls) -> None:
        self._queue = JobQueue(connection, POLL)
        self._polls = polls
        self._job: Job | None = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: SchedulerSettings) -> AsyncIterator[Self]:
        """Open a poller with a connection of its own, and close everything at the end.

        Raises:
            RootKeyError: The file of the root key does not hold a key.
        """
        url = str(settings.database_url)
        root = RootKeys.read(settings.root_key_file)
        clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
        fetcher = Fetcher(largest=LARGEST_CALENDAR, allows_loopback=settings.loopback_calendars)
        opened = OpenDatabase(url, pool_size=_POOL_SIZE)
        connection = await asyncpg.connect(url, timeout=5)
        try:
            polls = Polls(await opened.open(), clock, remote=RemoteCalendars(fetcher), root=root)
            yield cls(connection, polls)
        finally:
            await opened.close()
            await connection.close(timeout=5)

    async def run(self) -> None:
        """Work until cancelled; the source in hand then has its next job already.

        Raises:
            ConnectionLostError: The database is gone; begin again when it is back.
        """
        await self._queue.serve(self._read_what_is_due, self._keep_the_job)

    async def _read_what_is_due(self) -> None:
        while True:
            self._job = await self._queue.take()
            if self._job is None:
                await self._queue.wait_for_call()
                continue
            await self._read(self._job.payload or b"")
            await self._queue.done(self._job)

    async def _read(self, payload: bytes) -> None:
        try:
            outcome = await self._polls.read(read_poll_call(payload))
        except Exception as error:  # noqa: BLE001 - one broken source must not keep the others from being read
            structlog.get_logger().error("poll broke", error_type=type(error).__name__, frames=frames(error))
        else:
            structlog.get_logger().info("poll", outcome=outcome)

    async def _keep_the_job(self) -> None:
        while True:
            if self._job is not None:
                await self._queue.beat(self._job)
            await asyncio.sleep(_BEAT_SECONDS)
