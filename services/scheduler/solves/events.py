"""What a stream says of a solve: `queued`, `running`, `progress`, `done`, to be taken up again anywhere. Pure."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, Self

from services.chassis.events import Event
from services.contracts.scheduler.solves import Solve, SolveStatus

_WRITTEN: Final = re.compile(r"([0-9]{1,9})-([0-9])-([0-9]{1,12})")
_QUEUED, _RUNNING, _PROGRESS, _DONE = range(4)


class Position(NamedTuple):
    """Where an event stands in the course of its solve; later ones compare greater."""

    attempt: int
    stage: int
    milliseconds: int

    @classmethod
    def read(cls, last_event_id: str | None) -> Self:
        """Read a Last-Event-ID; what we did not write is the very beginning."""
        written = _WRITTEN.fullmatch(last_event_id or "")
        return cls(0, 0, 0) if written is None else cls(*map(int, written.groups()))

    @classmethod
    def of_end(cls, solve: Solve) -> Self:
        """Return the position of `done`, which is behind everything of the last attempt."""
        return cls(solve.attempt + 1, _DONE, 0)

    @property
    def id(self) -> str:
        """The position as an event's id."""
        return f"{self.attempt}-{self.stage}-{self.milliseconds}"


def events_after(position: Position, solve: Solve) -> Iterator[tuple[Position, Event]]:
    """Yield what there is to say of a solve to somebody who has heard everything up to a position."""
    for at, name, data in course(solve):
        if at > position:
            yield at, Event(at.id, name, data)


def course(solve: Solve) -> Iterator[tuple[Position, str, str]]:
    """Yield what there is to say of a solve as it stands, with the names of the events, in order."""
    whole = solve.model_dump_json()
    if solve.status is SolveStatus.QUEUED:
        # What is queued again after a lost worker waits for its next attempt.
        yield Position(solve.attempt + 1, _QUEUED, 0), "queued", whole
        return
    # A short solve may be over before anybody has looked; that it ran is told all the same.
    if solve.status is SolveStatus.RUNNING or solve.progress is not None:
        yield Position(solve.attempt, _RUNNING, 0), "running", whole
    if solve.progress is not None:
        at = Position(solve.attempt, _PROGRESS, round(solve.progress.seconds * 1000))
        yield at, "progress", solve.progress.model_dump_json()
    if solve.finished_at is not None:
        yield Position.of_end(solve), "done", whole
