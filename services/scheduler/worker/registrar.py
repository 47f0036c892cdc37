"""The registrar: asks records again and again whose records were sealed, and ends what is planned of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final, Self

import structlog

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.chassis.root_keys import RootKeys
from services.chassis.telemetry import frames
from services.clients.attendance import AttendanceClient
from services.clients.errors import RefusedError
from services.scheduler.dispatch import pause_after
from services.scheduler.record_seals.logic import RecordSealRounds
from services.scheduler.settings import SchedulerSettings

_BETWEEN_ROUNDS: Final = timedelta(seconds=10)
_POOL_SIZE: Final = 1


class Registrar:
    """Makes rounds until it is cancelled; several at once do the same twice, which is no harm."""

    def __init__(self, rounds: RecordSealRounds) -> None:
        self._rounds = rounds
        self._failures = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: SchedulerSettings) -> AsyncIterator[Self]:
        """Open a registrar with connections of its own, and close everything at the end."""
        opened = OpenDatabase(str(settings.database_url), pool_size=_POOL_SIZE)
        http = HttpClient(timeout_seconds=settings.request_timeout_seconds)
        try:
            clock = Clock(timedelta(seconds=settings.clock_offset_seconds))
            root_key = RootKeys.read(settings.root_key_file).first
            records = AttendanceClient(http, str(settings.records_url), root_key, clock)
            yield cls(RecordSealRounds(await opened.open(), records, clock))
        finally:
            await opened.close()
            await http.close()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(max(_BETWEEN_ROUNDS, pause_after(self._failures)).total_seconds())
            try:
                await self._rounds.go()
            except (UpstreamUnavailableError, RefusedError) as error:
                structlog.get_logger().warning("record seals not told", error_type=type(error).__name__)
                self._failures += 1
            except Exception as error:  # noqa: BLE001 - whatever breaks a round must not end the worker beside it
                structlog.get_logger().error(
                    "record seals broke", error_type=type(error).__name__, frames=frames(error)
                )
                self._failures += 1
            else:
                self._failures = 0
