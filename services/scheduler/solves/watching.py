"""Following solves while they run, for streams of events: one reader a process, however many are watching."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Final
from uuid import UUID

import structlog

from services.chassis.database import Database, Read
from services.chassis.errors import DatabaseUnavailableError
from services.chassis.telemetry import frames
from services.contracts.identifiers import OrganizationId, SolveBatchId, SolveId
from services.contracts.scheduler.solves import Solve
from services.scheduler.errors import TooManyStreamsError
from services.scheduler.solves import storage

MOST_STREAMS: Final = 50
"""At once in a process: each holds one of the hundred connections that a gateway keeps to it."""
_ROUND_SECONDS: Final = 0.5

_Fetch = Callable[[Read, UUID], Awaitable[list[Solve]]]
_Key = tuple[OrganizationId, _Fetch, UUID]


async def _one(read: Read, solve_id: UUID) -> list[Solve]:
    found = await storage.find(read, SolveId(solve_id))
    return [] if found is None else [found]


async def _all_of_batch(read: Read, batch_id: UUID) -> list[Solve]:
    return await storage.of_batch(read, SolveBatchId(batch_id))


class _Watched:
    """Solves as they were read last, and who waits for them to change."""

    def __init__(self) -> None:
        self.watchers = 0
        self.solves: list[Solve] | None = None
        self.is_lost = False
        self._changed = asyncio.Event()

    def show(self, solves: list[Solve] | None) -> None:
        """Take what was read; None where it cannot be read any more."""
        if solves is None or solves != self.solves:
            self.solves, self.is_lost = solves, solves is None
            self._changed.set()
            self._changed = asyncio.Event()

    async def other_than(self, seen: list[Solve] | None) -> None:
        """Wait until a solve differs from what was seen."""
        while not self.is_lost and self.solves == seen:
            await self._changed.wait()


class SolveWatch:
    """Reads each watched solve or batch twice a second, in a task of its own.

    So a caller who leaves never cancels a query, and all streams together take one connection from the pool.
    """

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database
        self._watched: dict[_Key, _Watched] = {}
        self._reading: asyncio.Task[None] | None = None

    async def follow(
        self, organization_id: OrganizationId, solve_id: SolveId, *, patience_seconds: float
    ) -> AsyncGenerator[Solve | None, None]:
        """Yield the solve each time it has changed, and None each time nothing has for `patience_seconds`.

        It ends with a solve that is over, or where the solve cannot be read any more.

        Raises:
            DatabaseUnavailableError: The solve cannot be read even once.
            TooManyStreamsError: As many follow already as this process can serve.
        """
        followed = self._follow((organization_id, _one, solve_id), patience_seconds)
        async with aclosing(followed):
            async for solves in followed:
                yield None if solves is None else solves[0]

    async def follow_batch(
        self, organization_id: OrganizationId, batch_id: SolveBatchId, *, patience_seconds: float
    ) -> AsyncGenerator[list[Solve] | None, None]:
        """Yield the solves of a batch each time one has changed, until all are over; the rest as `follow` does.

        Raises:
            Whatever `follow` raises, for the same reasons.
        """
        followed = self._follow((organization_id, _all_of_batch, batch_id), patience_seconds)
        async with aclosing(followed):
            async for solves in followed:
                yield solves

    async def _follow(self, key: _Key, patience_seconds: float) -> AsyncGenerator[list[Solve] | None, None]:
        with self._watching(key) as watched:
            seen: list[Solve] | None = None
            while not watched.is_lost and (seen is None or any(solve.finished_at is None for solve in seen)):
                try:
                    async with asyncio.timeout(patience_seconds):
                        await watched.other_than(seen)
                except TimeoutError:
                    yield None
                    continue
                if watched.solves is not None:
                    seen = watched.solves
                    yield seen
            if seen is None:
                raise DatabaseUnavailableError

    @contextmanager
    def _watching(self, key: _Key) -> Iterator[_Watched]:
        if sum(watched.watchers for watched in self._watched.values()) >= MOST_STREAMS:
            raise TooManyStreamsError
        watched = self._watched.setdefault(key, _Watched())
        watched.watchers += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        try:
            yield watched
        finally:
            watched.watchers -= 1
            if watched.watchers == 0 and self._watched.get(key) is watched:
                del self._watched[key]

    async def _read(self) -> None:
        try:
            while self._watched:
                for (organization_id, fetch, identifier), watched in list(self._watched.items()):
                    async with self._database().read(organization_id) as read:
                        watched.show(await fetch(read, identifier) or None)
                await asyncio.sleep(_ROUND_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the streams end, and their callers ask again
            structlog.get_logger().warning("solves unreadable", error_type=type(error).__name__, frames=frames(error))
            for watched in self._watched.values():
                watched.show(None)
            self._watched.clear()
