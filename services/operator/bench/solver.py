"""`eventide bench solver`: the week's solver beside its peers, on the same weeks, at equal CPU seconds.

Each solve runs in a process of its own; what it used of the processor, its helpers included, is the budget of every
peer. All timetables are judged by the checkers, never by who made them. Asked to stop, it answers with what it has
measured so far; where a solve or a checker gives nothing, the other instances are measured nevertheless.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from services.operator.bench import solver_report
from services.operator.bench.instances import generated
from services.operator.bench.peers.peer import Peer, PeerAbsentError
from services.operator.bench.peers.python import front_desk, local_search
from services.operator.bench.peers.timefold import timefold
from services.operator.bench.solver_run import SolveFailedError, SolverRun, compile_kernels, run_solver
from services.operator.bench.timing import machine
from services.operator.bench.verdicts import CheckerFailedError, judge
from services.operator.errors import OperatorError
from services.operator.state import PROJECT
from services.scheduler.solver.solve import LEAST_ANNEALING_SECONDS

SHARED_INSTANCES = PROJECT.parent / "shared" / "solver" / "instances"
SIZES = {"small": 12, "medium": 30}
PEERS: dict[str, Peer] = {"front_desk": front_desk, "local_search": local_search, "timefold": timefold}

Document = dict[str, Any]


class NoInstancesError(OperatorError):
    """The folder has no instance of that name."""

    def __init__(self, folder: Path, names: str) -> None:
        super().__init__(f"{folder} holds no instance {names}.json.")


class ForeignFiguresError(OperatorError):
    """What is to be gone on with was not measured by this bench, or not of the same weeks."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be gone on with: {reason}.")


class UnknownPeerError(OperatorError):
    """Nobody of that name solves the same weeks."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no peer {name}; there are {', '.join(PEERS)}.")


class _StoppedError(Exception):
    """Somebody asked the measuring to end."""


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of each instance by its name; with `--save`, write table and plots too.

    Raises:
        NoInstancesError: There is nothing to solve.
        UnknownPeerError: There is no peer of that name.
        ForeignFiguresError: What was measured before is not of these weeks.
    """
    documents = instances(arguments.instances, arguments.only, arguments.seed)
    peers = _peers(arguments.peers)
    known = _known(arguments.known, arguments.seed, arguments.workers)
    measured: dict[str, Any] = {}
    left_out = list(documents)
    try:
        with _stopping():
            if arguments.time_limit >= LEAST_ANNEALING_SECONDS and documents.keys() - known.keys():
                compile_kernels()
            for name, document in documents.items():
                try:
                    one = measured[name] = known.get(name) or _solved(name, document, arguments)
                    _ask_peers(one, document, peers, arguments.seed)
                except (SolveFailedError, CheckerFailedError) as failure:
                    _say(f"{name} is left out: {failure}")
                    continue
                left_out.remove(name)
                if arguments.save is not None:
                    solver_report.save_plot(arguments.save, name, one["trace"], one["peers"])
    except _StoppedError:
        _say(f"stopped: {', '.join(left_out)} not measured, or not whole")
    figures = {
        "instances": measured,
        "left_out": left_out,
        "peers": peers,
        "only": arguments.only,
        "workers": arguments.workers,
        "seed": arguments.seed,
    }
    if arguments.save is not None:
        solver_report.save_table(arguments.save, figures)
    return figures


def table(figures: dict[str, Any]) -> str:
    """Word the figures, one line an instance and peer."""
    return solver_report.markdown(figures)


def instances(folder: Path | None, names: str, seed: int) -> dict[str, Document]:
    """Read the instances of a folder, the smallest first; without one, the shared or generated ones.

    Raises:
        NoInstancesError: The folder has none of these names.
    """
    if folder is None and not SHARED_INSTANCES.is_dir():
        _say(f"{SHARED_INSTANCES.name}: no shared instances beside the project; generated ones are used")
        return {f"{size}-{seed}": generated(patients, seed) for size, patients in SIZES.items()}
    chosen = folder or SHARED_INSTANCES
    documents = {path.stem: json.loads(path.read_bytes()) for path in sorted(chosen.glob(f"{names}.json"))}
    if not documents:
        raise NoInstancesError(chosen, names)
    return dict(sorted(documents.items(), key=lambda one: (len(one[1].get("patients", ())), one[0])))


def _peers(asked: Sequence[str] | None) -> list[str]:
    for name in asked or ():
        if name not in PEERS:
            raise UnknownPeerError(name)
    return list(PEERS if asked is None else asked)


def _known(paths: Sequence[Path], seed: int, workers: int) -> dict[str, dict[str, Any]]:
    """Read what was measured before; peers have the CPU seconds that ours used, so they can be asked later."""
    known: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            figures = json.loads(path.read_bytes())
            if (figures["seed"], figures["workers"]) != (seed, workers):
                raise ForeignFiguresError(path, f"it is of seed {figures['seed']} and {figures['workers']} workers")
            known |= {name: one for name, one in figures["instances"].items() if one["trace"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ForeignFiguresError(path, "it is not what this bench prints with --json") from error
    return known


@contextmanager
def _stopping() -> Iterator[None]:
    """Let a signal to end interrupt what is measured, and what measures it, but not what has been."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise _StoppedError

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _solved(name: str, document: Document, arguments: argparse.Namespace) -> dict[str, Any]:
    limit, where = arguments.time_limit, machine()
    run = run_solver(name, document, time_limit=limit, seed=arguments.seed, workers=arguments.workers)
    return {"time_limit": limit, "machine": where, **_judged(name, document, run)}


def _judged(name: str, document: Document, run: SolverRun) -> dict[str, Any]:
    """Judge a solve; its peers have not solved anything yet."""
    own = judge(document, run.timetable)
    bound = run.timetable["bound"]
    _say(f"{name}: ours {own.cost:.0f}, bound {bound:.0f}, {run.cpu_seconds:.0f} s of CPU")
    return {
        "cost": own.cost,
        "bound": bound,
        "gap": run.timetable["gap"],
        "unmet_minutes": own.unmet_minutes,
        "unmet_minutes_bound": run.timetable["unmet_minutes_bound"],
        "status": run.timetable["status"],
        "first_seconds": run.first_seconds,
        "first_cost": run.trace[0]["incumbent"],
        "seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "peak_megabytes": run.peak_megabytes,
        "valid": own.valid,
        "checkers": own.checkers,
        "errors": own.errors,
        "peers": {},
        "trace": [{key: line[key] for key in ("seconds", "incumbent", "bound")} for line in run.trace],
    }


def _ask_peers(one: dict[str, Any], document: Document, peers: Sequence[str], seed: int) -> None:
    for title in peers:
        if title not in one["peers"]:
            one["peers"][title] = _peer(title, document, one["cpu_seconds"], seed)


def _peer(title: str, document: Mapping[str, Any], cpu_seconds: float, seed: int) -> dict[str, Any]:
    try:
        answer = PEERS[title](document, cpu_seconds, seed)
    except PeerAbsentError as absence:
        _say(f"  {title} skipped: {absence}")
        return {"skipped": str(absence)}
    verdict = judge(document, answer.timetable)
    _say(f"  {title} {verdict.cost:.0f}, {answer.cpu_seconds:.1f} s of CPU")
    return {
        "cost": verdict.cost,
        "unmet_minutes": verdict.unmet_minutes,
        "cpu_seconds": round(answer.cpu_seconds, 2),
        "valid": verdict.valid,
        "errors": verdict.errors,
    }


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
