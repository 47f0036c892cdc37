"""The postman: tells records who came, and takes up what a dead postman left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import asyncpg
import structlog
from pgqueuer.models import Job

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.sealing import read_root_key
from services.chassis.telemetry import frames
from services.clients.attendance import AttendanceClient
from services.scheduler.attendance.telling import AttendanceTelling
from services.scheduler.dispatch import ATTENDANCE, read_attendance_call
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.jobs import JobQueue

_AT_A_TIME: Final = 4
_ROUND_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0


class Postman:
    """Delivers events until it is cancelled."""

    def __init__(self, connection: Any, telling: AttendanceTelling) -> None:
        self._queue = JobQueue(connection, ATTENDANCE, at_a_time=_AT_A_TIME)
        self._telling = telling
        self._jobs: list[Job] = []
        self._log = structlog.get_logger()

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: SchedulerSettings) -> AsyncIterator[Self]:
        """Open a postman with a connection of its own, and close everything at the end."""
        url = str(settings.database_url)
        opened = OpenDatabase(url, pool_size=_AT_A_TIME)
        http = HttpClient(timeout_seconds=settings.request_timeout_seconds)
        connection = await asyncpg.connect(url, timeout=5)
        try:
            clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
            root_key = read_root_key(settings.root_key_file)
            records = AttendanceClient(http, str(settings.records_url), root_key, clock)
            yield cls(connection, AttendanceTelling(await opened.open(), records, clock))
        finally:
            await opened.close()
            await http.close()
            await connection.close(timeout=5)

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            ConnectionLostError: The database is gone; begin again when it is back.
        """
        await self._queue.serve(self._deliver_what_is_due, self._look_after_the_queue)

    async def _deliver_what_is_due(self) -> None:
        while True:
            self._jobs = await self._queue.take_some()
            if not self._jobs:
                await self._queue.wait_for_call()
                continue
            done = await asyncio.gather(*(self._work_on(job) for job in self._jobs))
            if not all(done):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _work_on(self, job: Job) -> bool:
        """Deliver one event; one that meets an error of ours keeps its job, and is taken up again after the lease."""
        try:
            if job.payload is not None:
                await self._telling.tell(read_attendance_call(job.payload))
        except Exception as error:  # noqa: BLE001 - one event must not stop the others
            self._log.error("attendance broke", error_type=type(error).__name__, frames=frames(error))
            return False
        await self._queue.done(job)
        return True

    async def _look_after_the_queue(self) -> None:
        while True:
            for job in self._jobs:
                await self._queue.beat(job)
            async for job, _ in self._queue.orphans():
                await self._work_on(job)
            await asyncio.sleep(_ROUND_SECONDS)
