"""Solve a file: what `eventide solve` does."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import InvalidInstanceError
from services.scheduler.solver.kept import solve_with_kept_seats
from services.scheduler.solver.outcome import Progress
from services.scheduler.solver.report import outcome_to_json, verdict_of


def solve_file(
    instance_path: Path,
    out_path: Path,
    *,
    time_limit: float = 60.0,
    seed: int = 0,
    workers: int = 2,
    work_limit: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[str, Any]:
    """Solve the instance at one path as a worker does, write the timetable to the other, return the summary.

    With one worker and a `work_limit` (deterministic seconds) that ends the solve before the `time_limit` does, the
    same seed gives the same timetable.

    Raises:
        InvalidInstanceError: The file is not JSON or not a valid instance.
        OSError: A file cannot be read or written.
    """
    try:
        document = json.loads(instance_path.read_bytes())
    except ValueError as error:
        raise InvalidInstanceError("file", "not JSON") from error
    instance = instance_from_json(document)
    outcome = solve_with_kept_seats(
        instance,
        time_limit=time_limit,
        seed=seed,
        workers=workers,
        work_limit=work_limit,
        on_progress=on_progress,
    )
    report = outcome_to_json(instance, outcome)
    out_path.write_text(json.dumps(report) + "\n", encoding="utf-8")
    kept = ("status", "objective", "bound", "gap", "unmet_minutes", "unmet_minutes_bound")
    return {key: report[key] for key in kept} | {
        "seconds": report["seconds"],
        "goals": report["goals"],
        "groups": len(report["groups"]),
        "checker": verdict_of(instance, outcome),
    }
