"""The courier: plans reminders, hands over what is due, offers what lapsed, and takes up what a dead courier left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import asyncpg

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.root_keys import RootKeys
from services.scheduler.dispatch import NOTICE, LapseCall, NoticeRound, read_notice_call
from services.scheduler.notices.channel import WebhookChannel
from services.scheduler.notices.delivering import Deliveries
from services.scheduler.notices.reminding import ReminderRounds
from services.scheduler.offers.pages import OfferPages
from services.scheduler.settings import SchedulerSettings
from services.scheduler.worker.jobs import JobQueue
from services.scheduler.worker.lapses import LapsedHolds
from services.scheduler.worker.short_jobs import ShortJobs

_AT_A_TIME: Final = 8


class Courier:
    """Delivers notices until it is cancelled."""

    def __init__(self, connection: Any, deliveries: Deliveries, rounds: ReminderRounds, lapses: LapsedHolds) -> None:
        queue = JobQueue(connection, NOTICE, at_a_time=_AT_A_TIME)
        self._deliveries = deliveries
        self._rounds = rounds
        self._lapses = lapses
        self._jobs = ShortJobs(queue, self._follow, broken="notice broke")

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
            root = RootKeys.read(settings.root_key_file)
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
        await self._jobs.run()

    async def _follow(self, payload: bytes) -> None:
        call = read_notice_call(payload)
        if isinstance(call, NoticeRound):
            await self._rounds.plan(call)
        elif isinstance(call, LapseCall):
            await self._lapses.look_at(call)
        else:
            await self._deliveries.deliver(call.organization_id, call.notice_id)
