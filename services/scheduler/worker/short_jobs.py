"""Work that is a few short calls at a time, each on its own: notices, and events for records."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import structlog
from pgqueuer.models import Job

from services.chassis.telemetry import frames
from services.scheduler.worker.jobs import JobQueue

_ROUND_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0


class ShortJobs:
    """Follows the calls of a queue until cancelled, those that a dead worker left included.

    Equal calls that are taken together are followed once: each was made before that, and says only what to look at. A
    call that meets an error of ours keeps its job, is logged as `broken`, and is taken up again after the lease.
    """

    def __init__(self, queue: JobQueue, follow: Callable[[bytes], Awaitable[None]], *, broken: str) -> None:
        self._queue = queue
        self._follow = follow
        self._broken = broken
        self._jobs: list[Job] = []

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            ConnectionLostError: The database is gone; begin again when it is back.
        """
        await self._queue.serve(self._work_on_what_is_due, self._look_after_the_queue)

    async def _work_on_what_is_due(self) -> None:
        while True:
            self._jobs = await self._queue.take_some()
            if not self._jobs:
                await self._queue.wait_for_call()
                continue
            done = await asyncio.gather(*(self._work_on(equal) for equal in _by_call(self._jobs)))
            if not all(done):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _work_on(self, equal: Sequence[Job]) -> bool:
        call = equal[0].payload
        try:
            if call is not None:
                await self._follow(call)
        except Exception as error:  # noqa: BLE001 - one call must not stop the others
            structlog.get_logger().error(self._broken, error_type=type(error).__name__, frames=frames(error))
            return False
        for job in equal:
            await self._queue.done(job)
        return True

    async def _look_after_the_queue(self) -> None:
        while True:
            for job in self._jobs:
                await self._queue.beat(job)
            async for job, _ in self._queue.orphans():
                await self._work_on([job])
            await asyncio.sleep(_ROUND_SECONDS)


def _by_call(jobs: Sequence[Job]) -> Collection[Sequence[Job]]:
    equal: dict[bytes | None, list[Job]] = defaultdict(list)
    for job in jobs:
        equal[job.payload].append(job)
    return equal.values()
