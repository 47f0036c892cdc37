"""`eventide solve`: one instance, offline."""

import argparse
import json
import sys
from typing import Any

from services.operator.errors import OperatorError
from services.scheduler.solver.cli import solve_file
from services.scheduler.solver.instance import InvalidInstanceError
from services.scheduler.solver.outcome import Progress


class SolveRefusedError(OperatorError):
    """The instance cannot be read, or the timetable not written."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(f"cannot solve: {reason}")


def run(arguments: argparse.Namespace) -> int:
    """Solve an instance file and write the timetable, with progress on standard error.

    Raises:
        SolveRefusedError: The instance cannot be read, or the timetable not written.
    """
    try:
        summary = solve_file(
            arguments.instance,
            arguments.out,
            time_limit=arguments.time_limit,
            seed=arguments.seed,
            workers=arguments.workers,
            work_limit=arguments.work_limit,
            on_progress=_show,
        )
    except (InvalidInstanceError, OSError) as refusal:
        raise SolveRefusedError(refusal) from refusal
    print(json.dumps(summary) if arguments.json else _lines(summary))
    return 0


def _show(progress: Progress) -> None:
    cost = f"incumbent {progress.incumbent:.0f}  bound {progress.bound:.0f}  gap {progress.gap:.1%}"
    print(f"{progress.seconds:7.1f} s  {cost}", file=sys.stderr, flush=True)


def _lines(summary: dict[str, Any]) -> str:
    return "\n".join(f"{name:<20} {value}" for name, value in summary.items())
