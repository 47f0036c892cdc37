"""A worker's side of the queue, on one connection of its own that also holds the worker's lock.

The lock belongs to the session: whatever ends the process or the connection frees it, and whoever can take it knows
that the worker is gone, in milliseconds and without a clock.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import db_settings
from pgqueuer.models import Job
from pgqueuer.queries import EntrypointExecutionParameter, Queries
from pgqueuer.types import QueueEntrypoint, QueueManagerId

_LEASE: Final = timedelta(seconds=30)
_LONGEST_WAIT_SECONDS: Final = 1.0
_MOST_WORKERS: Final = 1000
_Loop = Callable[[], Awaitable[None]]


class ConnectionLostError(Exception):
    """The worker's own connection is gone, and with it the lock by which others know that it lives."""


_LOST: Final = (
    ConnectionLostError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class JobQueue:
    """Takes jobs of one kind, and finds those of workers that are gone."""

    def __init__(self, connection: Any, entrypoint: QueueEntrypoint, *, at_a_time: int = 1) -> None:
        self.worker_id = uuid4()
        self._at_a_time = at_a_time
        self._entrypoint = entrypoint
        self._driver = AsyncpgDriver(connection)
        self._queries = Queries(self._driver)
        self._called = asyncio.Event()
        self._lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: self._lost.set())

    async def serve(self, *loops: _Loop) -> None:
        """Take the worker's lock, listen for new jobs, and run the loops until cancelled or one of them breaks.

        Raises:
            ConnectionLostError: The connection is gone, whichever query or listener was the first to notice; begin
                again when the database is back.
        """
        try:
            async with asyncio.TaskGroup() as running:
                running.create_task(self._stop_without_connection())
                await self.open()
                for loop in loops:
                    running.create_task(_run(loop))
        except ExceptionGroup as errors:
            if errors.split(_LOST)[1] is None:
                raise ConnectionLostError from errors
            raise

    async def _stop_without_connection(self) -> None:
        await self._lost.wait()
        raise ConnectionLostError

    async def open(self) -> None:
        """Take the lock and listen; `serve` does it by itself."""
        await self._driver.fetch("select pg_advisory_lock($1)", _lock_of(self.worker_id))
        await self._driver.add_listener(db_settings().channel, lambda _payload: self._called.set())

    async def take(self) -> Job | None:
        """Take the next job, or one whose worker has not been heard of for the length of the lease."""
        jobs = await self.take_some()
        return jobs[0] if jobs else None

    async def take_some(self) -> list[Job]:
        """Take the next jobs, as many as are worked on at a time; see `take`."""
        self._called.clear()
        return await self._queries.dequeue(
            batch_size=self._at_a_time,
            entrypoints={self._entrypoint: EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=QueueManagerId(self.worker_id),
            global_concurrency_limit=self._at_a_time,
            heartbeat_timeout=_LEASE,
        )

    async def wait_for_call(self) -> None:
        """Wait until a job is queued; a second at most, for calls can be missed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                await self._called.wait()

    async def beat(self, job: Job) -> None:
        """Say that the job is being worked on."""
        await self._queries.update_heartbeat([job.id])

    async def done(self, job: Job) -> None:
        """Take the job off the queue; what became of the work is in its own row."""
        await self._queries.log_jobs([(job, "successful", None)])

    async def orphans(self) -> AsyncIterator[tuple[Job, UUID]]:
        """Yield the jobs of workers that are gone, each with its worker, while no other worker can do the same."""
        picked = await self._queries.browse_queue(_MOST_WORKERS, 0, ["picked"], [self._entrypoint])
        for seen in picked:
            holder = seen.queue_manager_id
            if holder is None or holder == self.worker_id or not await self._is_gone(holder):
                continue
            try:
                job = await self._queries.queue_job_by_id(seen.id)
                if job is not None and job.queue_manager_id == holder:
                    yield job, holder
            finally:
                await self._driver.fetch("select pg_advisory_unlock($1)", _lock_of(holder))

    async def _is_gone(self, worker_id: UUID) -> bool:
        rows = await self._driver.fetch("select pg_try_advisory_lock($1) as is_free", _lock_of(worker_id))
        return rows[0]["is_free"] is True


async def _run(loop: _Loop) -> None:
    await loop()


def _lock_of(worker_id: UUID) -> int:
    return int.from_bytes(worker_id.bytes[:8], signed=True)
