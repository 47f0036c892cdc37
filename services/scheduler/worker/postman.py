"""The postman: tells records who came, and of sites' zones, and takes up what a dead postman left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import asyncpg

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.http import HttpClient
from services.chassis.root_keys import RootKeys
from services.clients.attendance import AttendanceClient
from services.scheduler.attendance.telling import AttendanceTelling
from services.scheduler.dispatch import ATTENDANCE, SiteCall, read_attendance_call
from services.scheduler.rule_packs import storage as rule_packs
from services.scheduler.settings import SchedulerSettings
from services.scheduler.sites.telling import SiteTelling
from services.scheduler.worker.jobs import JobQueue
from services.scheduler.worker.short_jobs import ShortJobs

_AT_A_TIME: Final = 4


class Postman:
    """Delivers events until it is cancelled."""

    def __init__(self, connection: Any, telling: AttendanceTelling, sites: SiteTelling) -> None:
        queue = JobQueue(connection, ATTENDANCE, at_a_time=_AT_A_TIME)
        self._telling = telling
        self._sites = sites
        self._jobs = ShortJobs(queue, self._follow, broken="attendance broke")

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
            root_key = RootKeys.read(settings.root_key_file).first
            records = AttendanceClient(http, str(settings.records_url), root_key, clock)
            database = await opened.open()
            sites = SiteTelling(database, records, rule_packs.newest)
            yield cls(connection, AttendanceTelling(database, records, clock), sites)
        finally:
            await opened.close()
            await http.close()
            await connection.close(timeout=5)

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            ConnectionLostError: The database is gone; begin again when it is back.
        """
        await self._jobs.run()

    async def _follow(self, payload: bytes) -> None:
        call = read_attendance_call(payload)
        if isinstance(call, SiteCall):
            await self._sites.tell(call)
        else:
            await self._telling.tell(call)
