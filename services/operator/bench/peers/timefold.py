"""Timefold, as its own Java model (`java/TimefoldPeer.java`) from the front desk's week, with its default local search.

It is no dependency: its jars come in a Python package that is installed beside the checkout's tools when first asked
for, and where that, or a Java 17 compiler, cannot be had, the peer is skipped and says why.
"""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from services.operator.bench.peers.facts import Facts
from services.operator.bench.peers.front_desk import first_fit_week
from services.operator.bench.peers.peer import Answer, Document, PeerAbsentError
from services.operator.bench.peers.timefold_model import TimefoldModel
from services.operator.state import PROJECT
from services.scheduler.solver.format import instance_from_json, timetable_to_json

PACKAGE: Final = "timefold==1.24.0b0"
HOME: Final = PROJECT / ".eventide" / "bench" / "timefold"
_SOURCE: Final = Path(__file__).with_name("java") / "TimefoldPeer.java"
_JARS: Final = "timefold/solver/jars"
_HEAP: Final = "-Xmx1500m"
_STARTING_SECONDS: Final = 120.0
_SLOWDOWN: Final = 20


def timefold(document: Document, cpu_seconds: float, seed: int) -> Answer:
    """Let Timefold improve the front desk's week until its process has used the CPU seconds.

    Raises:
        PeerAbsentError: Java or the package is missing, or it did not end by itself.
    """
    java, compiler = _program("java"), _program("javac")
    jars = f"{_jars()}/*"
    facts = Facts(instance_from_json(document))
    model = TimefoldModel(facts, first_fit_week(facts))
    with TemporaryDirectory() as classes:
        _run([compiler, "-proc:none", "-cp", jars, "-d", classes, str(_SOURCE)], _STARTING_SECONDS)
        command = [java, _HEAP, "-cp", f"{classes}:{jars}", "TimefoldPeer", str(cpu_seconds), str(seed)]
        before = os.times()
        output = _run(command, _STARTING_SECONDS + _SLOWDOWN * cpu_seconds, model.text())
        after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Answer({**timetable_to_json(model.timetable(output)), "status": "feasible"}, used)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise PeerAbsentError(f"{name} is not on the PATH; Timefold needs a Java 17 development kit")
    return path


def _jars() -> Path:
    """Find the jars, installing the package into an environment of its own the first time."""
    found = next(HOME.glob(f"lib/python*/site-packages/{_JARS}"), None)
    if found is not None:
        return found
    uv = next(iter([*PROJECT.glob(".eventide/uv-*/bin/uv"), *map(Path, filter(None, [shutil.which("uv")]))]), None)
    if uv is None:
        raise PeerAbsentError("uv is not here to install it with; start the bench with ./eventide")
    python = HOME / "bin" / "python"
    _run([str(uv), "venv", "--quiet", "--clear", str(HOME)], _STARTING_SECONDS)
    _run([str(uv), "pip", "install", "--quiet", "--python", str(python), PACKAGE], _STARTING_SECONDS)
    return next(HOME.glob(f"lib/python*/site-packages/{_JARS}"))


def _run(command: list[str], seconds: float, text: str = "") -> str:
    try:
        ended = subprocess.run(command, input=text, capture_output=True, text=True, timeout=seconds, check=True)
    except subprocess.CalledProcessError as failure:
        last = (failure.stderr or "no message").strip().splitlines()[-1]
        raise PeerAbsentError(f"{Path(command[0]).name} failed: {last}") from failure
    except subprocess.TimeoutExpired as failure:
        raise PeerAbsentError(f"{Path(command[0]).name} did not end in {seconds:.0f} s") from failure
    return ended.stdout
