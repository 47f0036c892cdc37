"""What a stream says of a batch: of each week what a stream of its solve would, and `done` once all are over. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from services.chassis.events import Event
from services.contracts.scheduler.batch_events import SolveBatchProgress
from services.contracts.scheduler.solves import SolveBatch
from services.scheduler.solves.events import Position, course

_END: Final = "end"
_BEGINNING: Final = Position.read(None)


class BatchPosition(NamedTuple):
    """How far somebody has heard of each week, and whether they have heard that the batch is over."""

    weeks: tuple[Position, ...]
    is_end: bool

    @classmethod
    def read(cls, last_event_id: str | None, weeks: int) -> Self:
        """Read a Last-Event-ID; what we did not write of so many weeks is the very beginning."""
        *written, last = (last_event_id or "").split(".")
        is_end = last == _END
        found = tuple(Position.read(one) for one in (written if is_end else [*written, last]))
        position = cls(found, is_end)
        # Only what reads back as it was written is ours: everything else is heard from the beginning again.
        if len(found) == weeks and position.id == last_event_id:
            return position
        return cls((_BEGINNING,) * weeks, is_end=False)

    def after(self, number: int, position: Position) -> Self:
        """Return where somebody stands who has heard something more of one week."""
        return self._replace(weeks=(*self.weeks[:number], position, *self.weeks[number + 1 :]))

    @property
    def id(self) -> str:
        """The position as an event's id."""
        return ".".join([*(week.id for week in self.weeks), *([_END] if self.is_end else [])])


def batch_events_after(position: BatchPosition, batch: SolveBatch) -> Iterator[tuple[BatchPosition, Event]]:
    """Yield what there is to say of a batch to somebody who has heard everything up to a position.

    Of a week that is over only the end is told: whoever comes late would otherwise hear all progress at once.
    """
    for number, solve in enumerate(batch.solves):
        told = list(course(solve))
        for at, name, data in told[-1:] if solve.finished_at is not None else told:
            if at > position.weeks[number]:
                position = position.after(number, at)
                yield position, Event(position.id, _NAMES.get(name, name), _said(batch, number, name, data))
    if all(solve.finished_at is not None for solve in batch.solves) and not position.is_end:
        position = position._replace(is_end=True)
        yield position, Event(position.id, "done", batch.model_dump_json())


_NAMES: Final = {"done": "week_done"}


def _said(batch: SolveBatch, number: int, name: str, data: str) -> str:
    solve = batch.solves[number]
    if name != "progress" or solve.progress is None:
        return data
    return SolveBatchProgress(solve_id=solve.id, week=solve.week, **solve.progress.model_dump()).model_dump_json()
