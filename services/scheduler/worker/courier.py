"""The courier: plans reminders, hands over what is due, offers what lapsed, and takes up what a dead courier left."""

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
from services.chassis.sealing import SealingKey, read_root_key
from services.chassis.telemetry import frames
from services.scheduler.dispatch import NOTICE, LapseCall, NoticeCall, NoticeRound, read_notice_call
from services.scheduler.notices.channel import WebhookChannel
from services.scheduler.notices.delivering import Deliveries
from services.scheduler.notices.reminding import ReminderRounds
from services.scheduler.offers.pages import OfferPages
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.jobs import JobQueue
from services.scheduler.worker.lapses import LapsedHolds

_AT_A_TIME: Final = 8
_ROUND_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0


class Courier:
    """Delivers notices until it is cancelled."""

    def __init__(self, connection: Any, deliveries: Deliveries, rounds: ReminderRounds, lapses: LapsedHolds) -> None:
        self._queue = JobQueue(connection, NOTICE, at_a_time=_AT_A_TIME)
        self._deliveries = deliveries
        self._rounds = rounds
        self._lapses = lapses
        self._jobs: list[Job] = []
        self._log = structlog.get_logger()

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: SchedulerSettings) -> AsyncIterator[Self]:
        """Open a courier with a connection of its own, and close everything at the end."""
        url = str(settings.database_url)
        opened = OpenDatabase(url, pool_size=_AT_A_TIME)
        connection = await asyncpg.connect(url, timeout=5)
        try:
            database = await opened.open()
            clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
            channel = WebhookChannel(allows_loopback=settings.loopback_providers)
            root = SealingKey.root(read_root_key(settings.root_key_file))
            page = settings.offered_times_url
            pages = OfferPages(None if page is None else str(page), clock)
            deliveries = Deliveries(database, channel, pages, root, clock)
            yield cls(connection, deliveries, ReminderRounds(database, clock), LapsedHolds(database, clock))
        finally:
            await opened.close()
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
        """Deliver one notice; one that meets an error of ours keeps its job, and is taken up again after the lease."""
        try:
            if job.payload is not None:
                await self._follow(read_notice_call(job.payload))
        except Exception as error:  # noqa: BLE001 - one message must not stop the others
            self._log.error("notice broke", error_type=type(error).__name__, frames=frames(error))
            return False
        await self._queue.done(job)
        return True

    async def _follow(self, call: NoticeCall | NoticeRound | LapseCall) -> None:
        if isinstance(call, NoticeRound):
            await self._rounds.plan(call)
        elif isinstance(call, LapseCall):
            await self._lapses.look_at(call)
        else:
            await self._deliveries.deliver(call.organization_id, call.notice_id)

    async def _look_after_the_queue(self) -> None:
        while True:
            for job in self._jobs:
                await self._queue.beat(job)
            async for job, _ in self._queue.orphans():
                await self._work_on(job)
            await asyncio.sleep(_ROUND_SECONDS)
