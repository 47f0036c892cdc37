"""One run of the solver in a process of its own, seen from the worker."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

import services
from services.contracts.scheduler.solves import SolveProgress

_ROOT: Final = Path(services.__path__[0]).parent
_MODULE: Final = "services.scheduler.solver.process"
_KERNELS: Final = "services.scheduler.solver.kernels"
_LONGEST_LINE: Final = 64 * 1024 * 1024


class SolverRun:
    """A running solver: its latest progress and best week so far, and what it found once it is over.

    A signal ends a process that does not listen for it yet, and with it the week to finish from: a cancel waits for the
    first line, before which the solver has set itself up to be cancelled.
    """

    def __init__(self, process: Process) -> None:
        self.progress: SolveProgress | None = None
        self.found: dict[str, Any] | None = None
        self.incumbent: dict[str, Any] | None = None
        self._process = process
        self._listens = False
        self._is_cancelled = False
        self._reading = asyncio.create_task(self._read())

    async def wait(self, seconds: float) -> bool:
        """Wait until the run is over, or the time; says whether it is over."""
        finished, _ = await asyncio.wait({self._reading}, timeout=seconds)
        for task in finished:
            task.result()
        return bool(finished)

    def cancel(self) -> None:
        """Ask for the best found so far."""
        self._is_cancelled = True
        if self._listens:
            self._terminate()

    def _terminate(self) -> None:
        with suppress(ProcessLookupError):
            self._process.terminate()

    async def kill(self) -> None:
        """End the process whatever it does, and wait until it is gone."""
        await _ended(self._process)
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        if self._process.stdout is None:
            raise RuntimeError("the solver was started without a pipe")
        async for line in self._process.stdout:
            # A process that is killed while it writes leaves a part of a line.
            if line.endswith(b"\n"):
                self._listen()
                self._take(orjson.loads(line))

    def _listen(self) -> None:
        if self._is_cancelled and not self._listens:
            self._terminate()
        self._listens = True

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "progress":
                self.progress = _to_progress(event)
            case "incumbent":
                self.incumbent = event["timetable"]
            case "outcome":
                self.found = event["timetable"]
            case _:
                # The solver says which place of the instance it refuses, never the value found there.
                structlog.get_logger().error("solver refuses", reason=f"{event.get('place')}: {event.get('fault')}")


def _to_progress(event: dict[str, Any]) -> SolveProgress:
    return SolveProgress(
        objective=event["incumbent"],
        bound=event["bound"],
        gap=event["gap"],
        unmet_minutes=event["unmet_minutes"],
        seconds=event["seconds"],
    )


class Solvers:
    """Starts solvers, each in a process of its own.

    It gets no variable of ours, so that nothing it does can reach the database. While `ahead` lasts one waits for the
    next request: what a solver imports takes it a second, and a front desk that waits for a repair has three.
    """

    def __init__(self) -> None:
        self._waiting: Process | None = None

    @asynccontextmanager
    async def ahead(self) -> AsyncIterator[None]:
        """Keep a solver waiting until the block ends; one that was taken is followed by `start_ahead`."""
        await self.start_ahead()
        try:
            yield
        finally:
            if self._waiting is not None:
                await _ended(self._waiting)

    async def start_ahead(self) -> None:
        """Start the solver that waits, if none does; where there is no process to be had the next request starts it."""
        if self._waiting is None:
            try:
                self._waiting = await _started()
            except OSError as error:
                structlog.get_logger().warning("no solver waits", error_type=type(error).__name__)

    @asynccontextmanager
    async def running(self, request: dict[str, Any]) -> AsyncIterator[SolverRun]:
        """Have a solver work on a request; it is gone when the block ends, however that comes about."""
        process, self._waiting = self._waiting, None
        if process is None or process.returncode is not None:
            process = await _started()
        run = SolverRun(process)
        try:
            if process.stdin is not None:
                with suppress(ConnectionError):
                    process.stdin.write(orjson.dumps(request))
                    await process.stdin.drain()
                    process.stdin.close()
            yield run
        finally:
            await run.kill()


async def _started() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        limit=_LONGEST_LINE,
        cwd=_ROOT,
        env=_environment(),
    )


async def _ended(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def compile_ahead() -> None:
    """Have the solver's kernels compiled, or find them compiled, before a solve would wait for them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _KERNELS, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, cwd=_ROOT, env=_environment()
    )
    try:
        if await process.wait():
            structlog.get_logger().warning("solver kernels not compiled", status=process.returncode)
    finally:
        with suppress(ProcessLookupError):
            process.kill()


def _environment() -> dict[str, str]:
    kept = {"PYTHONPYCACHEPREFIX": sys.pycache_prefix} if sys.pycache_prefix else {}
    return {"PYTHONUTF8": "1", **kept}
