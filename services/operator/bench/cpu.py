"""What the processes of a stack cost, by the kernel's own count (proc(5), `stat`)."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

SERVING: Final = ("gateway", "records", "scheduler", "postgres")
"""The processes of a stack that answer requests."""
_PROC: Final = Path("/proc")


class _Process(NamedTuple):
    """One line of `stat`: whose child it is, and its ticks with those of children that have ended."""

    parent: int
    ticks: int


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Return the seconds of the processor that each serving process has used, its children included."""
    every = dict(_every_process())
    second = os.sysconf("SC_CLK_TCK")
    return {name: _with_children(every, pids[name]) / second for name in SERVING if name in pids}


def tree_seconds(pid: int) -> float:
    """Return the seconds of the processor that a process has used, its children included."""
    return _with_children(dict(_every_process()), pid) / os.sysconf("SC_CLK_TCK")


def spent(used: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the milliseconds that a request cost each process on average, and all of them together, of seconds."""
    each = {name: 1000 * sum(one[name] for one in used) / len(used) for name in used[0]}
    return {name: round(milliseconds, 1) for name, milliseconds in (each | {"all": sum(each.values())}).items()}


def _every_process() -> Iterator[tuple[int, _Process]]:
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            # The name in brackets may hold anything; after it come status, parent, and later the ticks.
            fields = stat[stat.rindex(")") + 2 :].split()
            yield int(folder.name), _Process(int(fields[1]), sum(map(int, fields[11:15])))


def _with_children(every: Mapping[int, _Process], pid: int) -> int:
    own = every[pid].ticks if pid in every else 0
    return own + sum(_with_children(every, child) for child, process in every.items() if process.parent == pid)
