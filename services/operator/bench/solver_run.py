"""One solve in a process of its own, with what it said on the way and what it cost the machine."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any, Final, NamedTuple

from services.operator.bench.memory import tree_bytes
from services.operator.errors import OperatorError
from services.operator.state import PROJECT

_COMMAND: Final = (sys.executable, "-m", "services.scheduler.solver.process")
_COMPILE: Final = (sys.executable, "-m", "services.scheduler.solver.kernels")
_LOOK_SECONDS: Final = 0.25


class SolveFailedError(OperatorError):
    """The solver's process ended without an outcome."""

    def __init__(self, name: str, status: int) -> None:
        super().__init__(f"The solver ended on {name} with exit status {status} and without a timetable.")


class SolverRun(NamedTuple):
    """A finished solve.

    Attributes:
        timetable: The outcome's document.
        trace: Progress lines, at most two a second, then the outcome as one more.
        seconds: Wall time of the solve itself, without starting Python.
        cpu_seconds: Of the process and its helpers, starting Python included.
        peak_megabytes: Resident memory of the process and its helpers together, at the moment when that was most; what
            several have mapped counts for each.
    """

    timetable: dict[str, Any]
    trace: tuple[dict[str, Any], ...]
    seconds: float
    cpu_seconds: float
    peak_megabytes: float

    @property
    def first_seconds(self) -> float:
        """When the first complete week was there, from the start of the solve."""
        first: float = self.trace[0]["seconds"]
        return first


def compile_kernels() -> None:
    """Have the solver's machine code ready, as a worker has it by the time of its first long solve."""
    subprocess.run(_COMPILE, cwd=PROJECT, check=True)


def run_solver(
    name: str,
    instance: Mapping[str, Any],
    *,
    time_limit: float,
    seed: int,
    workers: int,
    work_limit: float | None = None,
) -> SolverRun:
    """Solve one instance in a new process.

    Raises:
        SolveFailedError: The process gave no timetable.
    """
    effort = {"time_limit": time_limit, "seed": seed, "workers": workers, "work_limit": work_limit}
    request = {"instance": instance, **effort}
    process = subprocess.Popen(_COMMAND, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process, _peak_of(process.pid) as peak:
        try:
            output = _converse(process, json.dumps(request))
        except BaseException:
            process.kill()
            raise
        # wait4 instead of Popen.wait: it alone tells what this very process and its children used.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    events = [json.loads(line) for line in output]
    outcomes = [event["timetable"] for event in events if event["event"] == "outcome"]
    if not outcomes or outcomes[0]["objective"] is None:
        raise SolveFailedError(name, process.returncode)
    timetable = outcomes[0]
    last = {"incumbent": timetable["objective"], "bound": timetable["bound"], "seconds": timetable["seconds"]}
    return SolverRun(
        timetable=timetable,
        trace=(*(event for event in events if event["event"] == "progress"), last),
        seconds=timetable["seconds"],
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 2),
        # Between two looks one process alone may have had more than all of them at any look.
        peak_megabytes=round(max(peak() / 1024, usage.ru_maxrss) / 1024, 1),
    )


@contextmanager
def _peak_of(pid: int) -> Iterator[Callable[[], int]]:
    """Look at the memory of a process and its helpers until the block ends; what is yielded then tells the most."""
    ended = Event()

    def look() -> int:
        most = tree_bytes(pid)
        while not ended.wait(_LOOK_SECONDS):
            most = max(most, tree_bytes(pid))
        return most

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield looking.result
        finally:
            ended.set()


def _converse(process: "subprocess.Popen[str]", request: str) -> list[str]:
    """Send the request, close, and read to the end; the process reads everything before it writes."""
    if process.stdin is None or process.stdout is None:
        return []
    with process.stdin:
        process.stdin.write(request)
    return process.stdout.readlines()
