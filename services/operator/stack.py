"""Starts, finds and stops a stack: what `up`, `down`, `status` and the demo have in common."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from services.chassis.clock import Clock
from services.operator.environment import DRILLED_ALLOWANCE, plain_environment
from services.operator.errors import OperatorError
from services.operator.folders import PASSABLE
from services.operator.locks import InheritedLock
from services.operator.postgres.credentials import SERVICES
from services.operator.processes import die_with_parent, terminate
from services.operator.readiness import StackFailedError, is_ready, log_tail, wait_until_ready
from services.operator.state import PROJECT, StateFolder
from services.operator.supervisor.control import ask
from services.operator.supervisor.plan import StackOptions

Status = dict[str, Any]
Progress = Callable[[str], None]

_STOP_SECONDS = 90.0


class AlreadyRunningError(OperatorError):
    """A stack of one's own was asked for in a state folder where one runs."""

    def __init__(self, state: Path) -> None:
        super().__init__(f"A stack is already running in {state}; stop it with `./eventide down`.")


class Addresses(NamedTuple):
    """Where a running stack answers, what its owner may need to know, and how far its clock is ahead of ours."""

    gateway: str
    records: str
    scheduler: str
    pids: dict[str, int]
    secrets: Path
    ahead: timedelta


def start(options: StackOptions, progress: Progress) -> Status:
    """Start a stack that outlives this process, or find the one that runs; return its status.

    All services answer when this returns.

    Raises:
        StackFailedError: A service does not come up; the message ends with its log.
    """
    state = StateFolder(options.state)
    state.make()
    if not InheritedLock(state.lock).owner():
        _spawn(options, progress, None)
    return _ready_or_stopped(state)


def status(folder: Path) -> Status:
    """Return the status of a running stack, with the readiness of each service.

    Raises:
        NotRunningError: There is none.
    """
    answer = ask(StateFolder(folder), {"command": "status"})
    return answer | {"ready": {service: is_ready(answer[service]) for service in SERVICES}}


def restart(folder: Path, service: str) -> Status:
    """Restart one process of a running stack and return the status when all services answer.

    Raises:
        NotRunningError: There is no stack.
        ControlRefusedError: There is no such process in it.
    """
    state = StateFolder(folder)
    ask(state, {"command": "restart", "service": service})
    return wait_until_ready(state)


def stop(folder: Path) -> bool:
    """Stop a stack and wait until no process of it is left; false if there was none.

    Raises:
        LockStuckError: A process does not end.
    """
    lock = InheritedLock(StateFolder(folder).lock)
    if owner := lock.owner():
        terminate(owner, _STOP_SECONDS)
    lock.wait_until_free(_STOP_SECONDS)
    return bool(owner)


@contextmanager
def running_stack(
    state: Path | None = None,
    *,
    database_url: str | None = None,
    port: int | None = 0,
    workers: int = 1,
    clock: datetime | None = None,
    progress: Progress = lambda _: None,
) -> Iterator[Addresses]:
    """Run a stack to drill or measure for the length of a block, in a temporary state folder unless one is given.

    It also ends when this process is killed. `clock` is what its services take for the present
    instant at the start of the block.

    Raises:
        AlreadyRunningError: A stack runs in the folder given.
        StackFailedError: A service does not come up; the message ends with its log.
    """
    folder = state or Path(tempfile.mkdtemp(prefix="eventide-"))
    if state is None:
        folder.chmod(PASSABLE)
    elif InheritedLock(StateFolder(folder).lock).owner():
        raise AlreadyRunningError(folder)
    options = StackOptions(folder, database_url, port, workers, clock_offset(clock), DRILLED_ALLOWANCE)
    StateFolder(folder).make()
    supervisor = None
    try:
        supervisor = _spawn(options, progress, die_with_parent(signal.SIGTERM))
        answer = wait_until_ready(StateFolder(folder))
        yield Addresses(
            gateway=answer["gateway"],
            records=answer["records"],
            scheduler=answer["scheduler"],
            pids=answer["pids"],
            secrets=StateFolder(folder).secrets,
            ahead=timedelta(seconds=options.clock_offset),
        )
    finally:
        stop(folder)
        if supervisor is not None:
            supervisor.wait()
        if state is None:
            shutil.rmtree(folder)


def clock_offset(instant: datetime | None) -> float:
    """Return how many seconds an aware instant is ahead of the present one."""
    return (instant - Clock().now()).total_seconds() if instant else 0.0


def _ready_or_stopped(state: StateFolder) -> Status:
    try:
        return wait_until_ready(state)
    except OperatorError:
        stop(state.root)
        raise


def _spawn(options: StackOptions, progress: Progress, preexec: Callable[[], None] | None) -> subprocess.Popen[bytes]:
    """Start a supervisor and follow its report until its children are started."""
    log_path = StateFolder(options.state).log("supervisor")
    reader, writer = os.pipe()
    with log_path.open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "services.operator.supervisor", "--report-fd", str(writer)],
            cwd=PROJECT,
            env=plain_environment(),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=(writer,),
            start_new_session=True,
            preexec_fn=preexec,  # noqa: PLW1509 - the kernel's request must be made in the child
        )
    os.close(writer)
    with os.fdopen(reader, "rb") as report:
        if supervisor.stdin is not None:
            supervisor.stdin.write(options.dump())
            supervisor.stdin.close()
        try:
            for line in report:
                if _follow(json.loads(line), progress):
                    return supervisor
        except StackFailedError:
            # It has said why, and ends.
            supervisor.wait()
            raise
    supervisor.wait()
    raise StackFailedError(f"The supervisor ended:\n{log_tail(log_path)}")


def _follow(line: dict[str, Any], progress: Progress) -> bool:
    """Act on one line of a supervisor's report; true when the rest is up to the services."""
    if "failed" in line:
        raise StackFailedError(line["failed"])
    if "step" in line:
        progress(line["step"])
    return "step" not in line
