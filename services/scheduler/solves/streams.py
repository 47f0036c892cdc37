"""What is allowed with streams of events: of one solve, and of a batch."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from services.chassis.events import HEARTBEAT_SECONDS, Event
from services.contracts.identifiers import OrganizationId, SolveBatchId, SolveId
from services.scheduler.solves.batch_events import BatchPosition, batch_events_after
from services.scheduler.solves.batches import SolveBatchesReader, batch_of
from services.scheduler.solves.events import Position, events_after
from services.scheduler.solves.logic import SolvesReader
from services.scheduler.solves.watching import SolveWatch


class SolveStreams:
    """Tells of solves while they run."""

    def __init__(
        self,
        watch: SolveWatch,
        organization_id: OrganizationId,
        *,
        reader: SolvesReader,
        batches: SolveBatchesReader,
    ) -> None:
        self._watch = watch
        self._organization_id = organization_id
        self._reader = reader
        self._batches = batches

    async def events(self, solve_id: SolveId, last_event_id: str | None) -> AsyncGenerator[Event | None, None] | None:
        """Return what happens to a solve after an event, with None for a heartbeat; None where nothing can any more.

        Raises:
            NotFoundError: There is no such solve in the caller's organization.
        """
        solve = await self._reader.get(solve_id)
        position = Position.read(last_event_id)
        if solve.finished_at is not None and position >= Position.of_end(solve):
            return None
        return self._events(solve_id, position)

    async def _events(self, solve_id: SolveId, position: Position) -> AsyncGenerator[Event | None, None]:
        followed = self._watch.follow(self._organization_id, solve_id, patience_seconds=HEARTBEAT_SECONDS)
        async with aclosing(followed):
            async for solve in followed:
                if solve is None:
                    yield None
                    continue
                for at, event in events_after(position, solve):
                    position = at
                    yield event

    async def batch_events(
        self, batch_id: SolveBatchId, last_event_id: str | None
    ) -> AsyncGenerator[Event | None, None] | None:
        """Return what happens to the weeks of a batch after an event; heartbeats and the end as of one solve.

        Raises:
            NotFoundError: There is no such batch in the caller's organization.
        """
        batch = await self._batches.get(batch_id)
        position = BatchPosition.read(last_event_id, len(batch.solves))
        if position.is_end:
            return None
        return self._batch_events(batch_id, position)

    async def _batch_events(
        self, batch_id: SolveBatchId, position: BatchPosition
    ) -> AsyncGenerator[Event | None, None]:
        followed = self._watch.follow_batch(self._organization_id, batch_id, patience_seconds=HEARTBEAT_SECONDS)
        async with aclosing(followed):
            async for solves in followed:
                if solves is None:
                    yield None
                    continue
                for at, event in batch_events_after(position, batch_of(batch_id, solves)):
                    position = at
                    yield event
