"""What a worker may do to solves: begin an attempt, show that it lives, end it, give it back."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.problems import problem_document
from services.contracts.identifiers import OrganizationId, SolveId
from services.contracts.problems import ProblemType
from services.contracts.scheduler.solves import SolveProgress, SolveStatus
from services.scheduler.dispatch import enqueue_solve
from services.scheduler.solves import storage
from services.scheduler.solves.attempts import Attempt, Ending, Task
from services.scheduler.solves.rules import usual_of

MOST_ATTEMPTS: Final = 3
LEASE: Final = timedelta(seconds=30)
"""A worker that was not heard of for so long has lost its solve; one that dies is noticed by its lock at once."""


async def begin_next(
    db: UnitOfWork, organization_id: OrganizationId, solve_id: SolveId, document: dict[str, Any] | None = None
) -> None:
    """Begin the first queued solve of a batch unless one of it runs; the lock of the batch is held.

    A timetable that was found is the usual week of all weeks that follow, so that one that fails later is passed over.
    """
    waiting = await storage.waiting_after(db, solve_id)
    if document is not None:
        for later, instance in waiting:
            if instance["published"] is None:
                await storage.put_usual(db, later, {**instance, "usual": usual_of(document, instance)})
    if waiting:
        await enqueue_solve(db, organization_id, waiting[0][0])


class SolveRuns:
    """What a worker may do to solves; each write counts only while its attempt is the current one."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._clock = clock

    async def claim(self, solve_id: SolveId, worker_id: UUID) -> Task | None:
        """Begin the next attempt; None where the solve is over or in other hands."""
        now = self._clock.now()
        return await storage.claim(
            self._db, self._organization_id, solve_id, worker_id=worker_id, now=now, stale=now - LEASE
        )

    async def keep_progress(self, attempt: Attempt, progress: SolveProgress | None) -> bool | None:
        """Show a sign of life; says whether to cancel, or None where the attempt was taken away."""
        return await storage.keep_progress(self._db, attempt, progress, self._clock.now())

    async def hold(self, attempt: Attempt) -> bool:
        """Keep others from ending or taking the solve until the transaction ends; False where they have."""
        await storage.lock_batch(self._db, attempt.solve_id)
        return await storage.hold(self._db, attempt)

    async def finish(self, attempt: Attempt, ending: Ending, document: dict[str, Any] | None = None) -> bool:
        """End the solve; False where the attempt was taken away, and then nothing is written.

        The next week of its batch begins, with the timetable in `document` as its usual week where there is one.
        """
        await storage.lock_batch(self._db, attempt.solve_id)
        is_ended = await storage.finish(self._db, attempt, ending, self._clock.now())
        if is_ended:
            await begin_next(self._db, self._organization_id, attempt.solve_id, document)
        return is_ended

    async def give_back(self, attempt: Attempt) -> None:
        """Queue the solve again, as a worker does that is asked to stop."""
        if await storage.give_back(self._db, attempt):
            await enqueue_solve(self._db, self._organization_id, attempt.solve_id)

    async def recover(self, solve_id: SolveId, dead_worker: UUID) -> None:
        """Queue again what a dead worker had in hand; after three attempts the solve has failed."""
        attempt = await storage.attempt_of_worker(self._db, self._organization_id, solve_id, dead_worker)
        if attempt is None:
            return
        if attempt.number < MOST_ATTEMPTS:
            await self.give_back(attempt)
            return
        problem = problem_document(
            ProblemType.SOLVE_FAILED,
            f"The solver's worker ended unexpectedly {MOST_ATTEMPTS} times; ask again, or report it.",
            code="worker-lost",
        )
        await self.finish(attempt, Ending(SolveStatus.FAILED, problem=problem))
