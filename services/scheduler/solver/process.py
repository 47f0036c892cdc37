"""One solve in its own process: a JSON document in, JSON lines out.

The document is `{"instance", "time_limit", "seed", "workers", "work_limit", "memory_bytes", "start", "cohorts"}`;
all but the instance may be left out, `start` is a timetable to go on from, and `cohorts` are lists of patients who
began together. One with `"task": "repair"` is mended, not solved. Progress lines come at most twice a second, the
outcome last, and on the way each better week as an `incumbent`, so that not all is lost with a process that dies.
SIGTERM cancels: the best timetable so far is written and the exit status is 0. An invalid document is answered with
one `error` event and exit status 2.
"""

import json
import resource
import signal
import sys
from collections.abc import Mapping
from threading import Event
from time import monotonic
from types import FrameType
from typing import Any

from services.scheduler.solver.cohorts import solve_for_cohorts
from services.scheduler.solver.format import instance_from_json, timetable_from_json, timetable_to_json
from services.scheduler.solver.instance import InvalidInstanceError, Timetable
from services.scheduler.solver.lifetime import die_with_parent
from services.scheduler.solver.outcome import Progress
from services.scheduler.solver.repair.report import repaired
from services.scheduler.solver.report import outcome_to_json, progress_to_json, verdict_of

DEFAULT_TIME_LIMIT = 60.0
DEFAULT_WORKERS = 2
SECONDS_BETWEEN_LINES = 0.5
# A week of 300 people is some 200 kB.
SECONDS_BETWEEN_WEEKS = 3.0
USAGE_ERROR = 2


class _Lines:
    """Writes JSON lines; progress and weeks no more often than allowed."""

    def __init__(self) -> None:
        self._last = self._last_week = float("-inf")
        self._week: Timetable | None = None

    def progress(self, progress: Progress) -> None:
        now, week = monotonic(), progress.timetable
        if now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            self.write({"event": "progress"} | progress_to_json(progress))
        if week is not None and week != self._week and now - self._last_week >= SECONDS_BETWEEN_WEEKS:
            self._last_week, self._week = now, week
            self.write({"event": "incumbent", "timetable": timetable_to_json(week)})

    def write(self, line: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main() -> int:
    """Read the document, solve it, and return the exit status."""
    die_with_parent()
    cancelled = Event()

    def cancel(_signal: int, _frame: FrameType | None) -> None:
        cancelled.set()

    signal.signal(signal.SIGTERM, cancel)
    lines = _Lines()
    try:
        document = json.loads(sys.stdin.read())
        instance = instance_from_json(document["instance"])
        is_repair = document["instance"].get("task") == "repair"
        _limit_memory(document.get("memory_bytes"))
        time_limit = float(document.get("time_limit") or DEFAULT_TIME_LIMIT)
        work_limit = _number_or_none(document.get("work_limit"))
        start = None if document.get("start") is None else timetable_from_json(document["start"])
        cohorts = [tuple(cohort) for cohort in document.get("cohorts") or ()]
        seed, workers = int(document.get("seed") or 0), int(document.get("workers") or DEFAULT_WORKERS)
    except InvalidInstanceError as error:
        lines.write({"event": "error", "place": error.place, "fault": error.fault})
        return USAGE_ERROR
    except (ValueError, TypeError, KeyError, AttributeError):
        lines.write({"event": "error", "place": "document", "fault": "malformed"})
        return USAGE_ERROR
    if is_repair:
        outcome, summary = repaired(instance, time_limit, lines.progress, cancelled.is_set)
    else:
        summary = {}
        outcome = solve_for_cohorts(
            instance,
            cohorts,
            time_limit=time_limit,
            work_limit=work_limit,
            seed=seed,
            workers=workers,
            start=start,
            on_progress=lines.progress,
            cancelled=cancelled.is_set,
        )
    timetable, verdict = outcome_to_json(instance, outcome) | summary, verdict_of(instance, outcome)
    lines.write({"event": "outcome", "timetable": timetable, "check": verdict})
    return 0


def _number_or_none(value: object) -> float | None:
    return None if value is None else float(str(value))


def _limit_memory(most: object) -> None:
    """Bound the address space of this process and its child, in bytes."""
    if most is not None:
        resource.setrlimit(resource.RLIMIT_AS, (int(str(most)), int(str(most))))


if __name__ == "__main__":
    sys.exit(main())
