"""What a stream says of a solve, and in which order."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.contracts.identifiers import SiteId, SolveId
from services.contracts.scheduler.solves import Solve, SolveProgress, SolveStatus
from services.scheduler.solves.events import Position, events_after

NOW = datetime(2026, 10, 2, 12, tzinfo=UTC)
BEGINNING = Position.read(None)
A_SOLVE, A_SITE = SolveId(uuid4()), SiteId(uuid4())


def solve(status: SolveStatus, attempt: int, *, seconds: float | None = None, **changes: Any) -> Solve:
    progress = None
    if seconds is not None:
        progress = SolveProgress(objective=9.0, bound=7.0, gap=2 / 9, unmet_minutes=30, seconds=seconds)
    values: dict[str, Any] = {
        "id": A_SOLVE,
        "site_id": A_SITE,
        "week": date(2026, 10, 5),
        "status": status,
        "outcome": None,
        "progress": progress,
        "attempt": attempt,
        "base_version": 0,
        "proposal_id": None,
        "warnings": [],
        "problem": None,
        "created_at": NOW,
        "finished_at": None if status in {SolveStatus.QUEUED, SolveStatus.RUNNING} else NOW,
    }
    return Solve(**{**values, **changes})


COURSE = [
    (solve(SolveStatus.QUEUED, 0), ["queued"]),
    (solve(SolveStatus.RUNNING, 1), ["running"]),
    (solve(SolveStatus.RUNNING, 1, seconds=59.9), ["progress"]),
    (solve(SolveStatus.QUEUED, 1, seconds=59.9), ["queued"]),
    (solve(SolveStatus.RUNNING, 2), ["running"]),
    (solve(SolveStatus.RUNNING, 2, seconds=0.2), ["progress"]),
    (solve(SolveStatus.RUNNING, 2, seconds=0.7), ["progress"]),
    (solve(SolveStatus.SUCCEEDED, 2, seconds=0.9), ["progress", "done"]),
]


def test_the_course_of_a_solve_with_a_lost_worker_is_told_once_and_in_order() -> None:
    position = BEGINNING
    for found, names in COURSE:
        told = list(events_after(position, found))
        position = max(at for at, _ in told)
        assert [event.name for _, event in told] == names
        assert list(events_after(position, found)) == []  # what is read twice is told once

    assert Position.read(position.id) == Position.of_end(COURSE[-1][0])


@pytest.mark.parametrize("number", range(len(COURSE)))
def test_who_comes_back_with_an_id_hears_only_what_came_after_it(number: int) -> None:
    [*_, (_, last)] = list(events_after(BEGINNING, COURSE[number][0]))

    assert list(events_after(Position.read(last.id), COURSE[number][0])) == []
    for later, later_names in COURSE[number + 1 :]:
        heard = [event.name for _, event in events_after(Position.read(last.id), later)]
        assert heard[-len(later_names) :] == later_names


@pytest.mark.parametrize("written", ["", "x", "1-2", "1-2-3-4", "-1-0-0", "\u0661-0-0", "1-2-3\n", "9" * 500])
def test_an_id_that_nobody_gave_is_the_beginning(written: str) -> None:
    assert Position.read(written) == BEGINNING


def test_a_queued_solve_that_is_cancelled_is_done() -> None:
    [(queued, _)] = list(events_after(BEGINNING, solve(SolveStatus.QUEUED, 0)))

    told = [event.name for _, event in events_after(queued, solve(SolveStatus.CANCELLED, 0))]

    assert told == ["done"]


def test_progress_is_five_figures_and_the_rest_is_the_solve() -> None:
    found = solve(SolveStatus.FAILED, 1, seconds=1.25)

    [_, (_, progress), (_, done)] = events_after(BEGINNING, found)

    assert set(orjson.loads(progress.data)) == {"objective", "bound", "gap", "unmet_minutes", "seconds"}
    assert Solve.model_validate_json(done.data) == found
    assert progress.encoded().decode().splitlines()[:2] == ["id: 1-2-1250", "event: progress"]
    assert "\n" not in progress.data + done.data


def test_a_solve_that_was_over_before_anybody_looked_is_still_told_as_having_run() -> None:
    found = solve(SolveStatus.SUCCEEDED, 1, seconds=0.2)

    assert [event.name for _, event in events_after(BEGINNING, found)] == ["running", "progress", "done"]
