"""How long something takes, and on which machine that was."""

import gc
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")


class Timing(NamedTuple):
    """Medians over the runs.

    Attributes:
        seconds: On the clock.
        cpu_seconds: Of the processor, all threads together.
    """

    seconds: float
    cpu_seconds: float


def timed(work: Callable[[], _T], runs: int) -> tuple[_T, Timing]:
    """Do something once to warm up and then so many times; return its last result too."""
    result = work()
    wall, cpu = [], []
    for _ in range(runs):
        # What an earlier run left behind must not be collected on this one's time.
        gc.collect()
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        result = work()
        cpu.append(time.process_time() - cpu_start)
        wall.append(time.perf_counter() - wall_start)
    return result, Timing(statistics.median(wall), statistics.median(cpu))


def quantiles(seconds: Sequence[float]) -> dict[str, float | int]:
    """Return the median, the 95th percentile and the longest of these, by the nearest rank, and how many there are."""
    ordered = sorted(seconds)
    at = {name: ordered[math.ceil(share * len(ordered)) - 1] for name, share in (("p50", 0.5), ("p95", 0.95))}
    return {name: round(value, 4) for name, value in (*at.items(), ("max", ordered[-1]))} | {"runs": len(ordered)}


def machine() -> str:
    """Describe the machine in a line: cores this process may use, processor, Python, and its load now."""
    cores = len(os.sched_getaffinity(0))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} cores of {_processor()}, {python}, Linux, load {os.getloadavg()[0]:.1f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
