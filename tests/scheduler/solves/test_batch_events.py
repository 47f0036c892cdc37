"""What a stream says of the weeks of a batch, and in which order."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import SiteId, SolveBatchId, SolveId
from services.contracts.scheduler.solves import Solve, SolveBatch, SolveProgress, SolveStatus
from services.scheduler.solves.batch_events import BatchPosition, batch_events_after
from services.scheduler.solves.batches import batch_of
from services.scheduler.solves.events import Position

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
A_BATCH, A_SITE = SolveBatchId(uuid4()), SiteId(uuid4())
SOLVES = [SolveId(UUID(int=number)) for number in range(12)]
QUEUED, RUNNING, SUCCEEDED = SolveStatus.QUEUED, SolveStatus.RUNNING, SolveStatus.SUCCEEDED


def batch(*weeks: tuple[SolveStatus, int, float | None]) -> SolveBatch:
    return batch_of(A_BATCH, [solve(number, *week) for number, week in enumerate(weeks)])


def solve(number: int, status: SolveStatus, attempt: int, seconds: float | None) -> Solve:
    progress = None
    if seconds is not None:
        progress = SolveProgress(objective=9.0, bound=7.0, gap=2 / 9, unmet_minutes=30, seconds=seconds)
    values: dict[str, Any] = dict.fromkeys(("outcome", "proposal_id", "problem"))
    return Solve(
        **values,
        id=SOLVES[number],
        site_id=A_SITE,
        week=date(2026, 10, 5) + number * timedelta(weeks=1),
        status=status,
        progress=progress,
        attempt=attempt,
        base_version=0,
        warnings=[],
        created_at=NOW,
        finished_at=None if status in {QUEUED, RUNNING} else NOW,
    )


WAITING = (QUEUED, 0, None)
COURSE = [
    (batch(WAITING, WAITING), ["queued", "queued"]),
    (batch((RUNNING, 1, None), WAITING), ["running"]),
    (batch((RUNNING, 1, 0.5), WAITING), ["progress"]),
    (batch((QUEUED, 1, 0.5), WAITING), ["queued"]),
    (batch((RUNNING, 2, 0.1), WAITING), ["running", "progress"]),
    (batch((SUCCEEDED, 2, 0.9), (RUNNING, 1, 0.2)), ["week_done", "running", "progress"]),
    (batch((SUCCEEDED, 2, 0.9), (SolveStatus.FAILED, 1, 0.4)), ["week_done", "done"]),
]


def beginning(weeks: int = 2) -> BatchPosition:
    return BatchPosition.read(None, weeks)


def test_the_course_of_a_batch_is_told_once_and_in_order_and_ends_with_the_batch() -> None:
    position, said = beginning(), ""
    for found, names in COURSE:
        told = list(batch_events_after(position, found))
        assert [event.name for _, event in told] == names
        assert [event.id for _, event in told] == [at.id for at, _ in told]
        position, said = told[-1][0], told[-1][1].data
        assert list(batch_events_after(position, found)) == []

    assert position.is_end
    assert SolveBatch.model_validate_json(said) == COURSE[-1][0]


@pytest.mark.parametrize("number", range(len(COURSE)))
def test_who_comes_back_after_any_event_hears_the_rest_and_nothing_twice(number: int) -> None:
    found = COURSE[number][0]
    whole = list(batch_events_after(beginning(), found))

    for heard, (_, event) in enumerate(whole, start=1):
        again = batch_events_after(BatchPosition.read(event.id, 2), found)
        assert [one.id for _, one in again] == [one.id for _, one in whole[heard:]]


def test_progress_names_its_week_and_its_solve() -> None:
    [_, (_, progress)] = list(batch_events_after(beginning(1), batch((RUNNING, 1, 1.25))))

    said = orjson.loads(progress.data)
    assert (said["week"], said["solve_id"], said["seconds"]) == ("2026-10-05", str(SOLVES[0]), 1.25)
    assert set(said) == {"week", "solve_id", "objective", "bound", "gap", "unmet_minutes", "seconds"}


def test_who_comes_late_hears_only_how_each_week_ended() -> None:
    found = batch((SUCCEEDED, 1, 5.0), (SolveStatus.CANCELLED, 0, None), WAITING)

    assert [event.name for _, event in batch_events_after(beginning(3), found)] == ["week_done", "week_done", "queued"]


@pytest.mark.parametrize("written", ["", "x", "1-2-3", "end", "1-2-3.end", "1-2-3.1-2-3.1-2-3", "1-2-3.x", "." * 300])
def test_an_id_that_nobody_gave_for_so_many_weeks_is_the_beginning(written: str) -> None:
    assert BatchPosition.read(written, 2) == beginning()


_POSITIONS = st.builds(Position, st.integers(0, 99), st.integers(0, 3), st.integers(0, 3_600_000))


@given(st.builds(BatchPosition, st.lists(_POSITIONS, min_size=2, max_size=12).map(tuple), st.booleans()))
def test_every_id_reads_back_as_it_was_written(position: BatchPosition) -> None:
    assert BatchPosition.read(position.id, len(position.weeks)) == position
