import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.operator.state import StateFolder
from services.operator.supervisor.control import ControlRefusedError, NotRunningError, ask

_PATIENCE_SECONDS = 30

# A supervisor of a real cluster and of two children. `stubborn` does not end when it is told to;
# `obedient` does, and writes down who was still there.
SUPERVISE = """
import asyncio, json, signal, sys
from pathlib import Path
from services.operator.environment import Endpoints, plain_environment
from services.operator.locks import InheritedLock
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.state import StateFolder
from services.operator.supervisor.children import ChildSpec
from services.operator.supervisor.supervisor import Stack, Supervisor

STUBBORN = '''
import fcntl, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
alive = open(sys.argv[1], "w")
fcntl.flock(alive, fcntl.LOCK_EX)
print("waiting", flush=True)
while True: signal.pause()
'''
OBEDIENT = '''
import fcntl, os, signal, sys
def end(*_):
    with open(sys.argv[1], "w") as stubborn:
        fcntl.flock(stubborn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert os.path.exists(sys.argv[2])
    print("after stubborn, before postgres", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("waiting", flush=True)
while True: signal.pause()
'''

def spec(name, code, **options):
    command = [sys.executable, "-c", code, str(state.run / "stubborn"), str(pid_file)]
    return ChildSpec(name, command, plain_environment(), state.log(name),
                     descriptors=(lock.descriptor,), **options)

state = StateFolder(Path(sys.argv[1]))
pid_file = state.postgres / "data" / "postmaster.pid"
state.make()
lock = InheritedLock(state.lock)
lock.acquire(30)
specs = [
    spec("obedient", OBEDIENT, stop_order=1),
    spec("stubborn", STUBBORN, stop_order=0, grace_seconds=0.3, orphan_signal=signal.SIGKILL),
]
with EmbeddedPostgres(state.postgres) as cluster:
    stack = Stack(state, Endpoints("g", "r", "s"), specs, cluster)
    notes = open(state.log("notes"), "a", buffering=1)
    supervisor = Supervisor(stack, lambda line: print(line, file=notes))
    asyncio.run(supervisor.run(lambda status: print(json.dumps(status), flush=True)))
"""


class Running(NamedTuple):
    state: StateFolder
    process: "subprocess.Popen[str]"
    status: dict[str, Any]


@pytest.fixture
def running(home: Path, start_script: Callable[..., "subprocess.Popen[str]"]) -> Iterator[Running]:
    state = StateFolder(home / "state")
    process = start_script(SUPERVISE, state.root)
    assert process.stdout is not None
    made = Running(state, process, json.loads(process.stdout.readline()))
    for name in ("obedient", "stubborn"):
        status_when(made, partial(has_written, state.log(name), "waiting"))
    yield made
    process.terminate()
    process.wait(_PATIENCE_SECONDS)


def status_when(running: Running, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask until the supervisor says what is waited for."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds(answer := ask(running.state, {"command": "status"})):
        assert time.monotonic() < deadline, answer
    return answer


def has_written(log: Path, word: str, _: dict[str, Any]) -> bool:
    return word in log.read_text()


def has_crashed(times: int, status: dict[str, Any]) -> bool:
    return bool(status["crashes"]["obedient"] == times)


def test_the_status_names_every_process_and_its_log(running: Running) -> None:
    answer = ask(running.state, {"command": "status"})

    names = {"supervisor", "postgres", "obedient", "stubborn"}
    assert answer == running.status
    assert set(answer["pids"]) == set(answer["logs"]) == names
    assert answer["pids"]["supervisor"] == running.process.pid
    assert set(answer["crashes"].values()) == {0}


def test_a_child_that_falls_is_started_again_and_counted(running: Running) -> None:
    fallen = running.status["pids"]["obedient"]

    os.kill(fallen, signal.SIGKILL)

    answer = status_when(running, lambda status: status["pids"]["obedient"] not in {0, fallen})
    assert answer["crashes"]["obedient"] == 1
    assert answer["pids"]["stubborn"] == running.status["pids"]["stubborn"]


def test_a_child_that_keeps_falling_is_started_less_and_less_often(running: Running) -> None:
    for crash in range(1, 4):
        answer = status_when(running, lambda status: status["pids"]["obedient"] != 0)
        os.kill(answer["pids"]["obedient"], signal.SIGKILL)
        status_when(running, partial(has_crashed, crash))

    notes = running.state.log("notes").read_text().splitlines()
    assert [line.rpartition(" in ")[2] for line in notes] == ["0.2 s", "0.4 s", "0.8 s"]


def test_postgres_that_falls_comes_back_on_its_port(running: Running) -> None:
    fallen = running.status["pids"]["postgres"]

    os.kill(fallen, signal.SIGKILL)

    answer = status_when(running, lambda status: status["pids"]["postgres"] not in {0, fallen})
    assert answer["crashes"]["postgres"] == 1


def test_a_restart_replaces_one_process_and_is_no_crash(running: Running) -> None:
    answer = ask(running.state, {"command": "restart", "service": "obedient"})

    assert answer["pids"]["obedient"] != running.status["pids"]["obedient"]
    assert answer["pids"]["stubborn"] == running.status["pids"]["stubborn"]
    assert answer["crashes"]["obedient"] == 0


def test_a_restart_of_nothing_is_refused_by_name(running: Running) -> None:
    with pytest.raises(ControlRefusedError, match=r"'nothing'.*obedient, stubborn"):
        ask(running.state, {"command": "restart", "service": "nothing"})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_no_process_even_of_one_that_will_not_end(
    running: Running, wait_for_exit: Callable[[int], None], number: signal.Signals
) -> None:
    running.process.send_signal(number)

    assert running.process.wait(_PATIENCE_SECONDS) == 0
    for pid in running.status["pids"].values():
        wait_for_exit(pid)
    with pytest.raises(NotRunningError):
        ask(running.state, {"command": "status"})


def test_children_end_in_their_order_and_postgres_last(running: Running) -> None:
    running.process.terminate()

    assert running.process.wait(_PATIENCE_SECONDS) == 0
    told = running.state.log("obedient").read_text().splitlines()
    assert told == ["waiting", "after stubborn, before postgres"]


def test_a_killed_supervisor_leaves_no_process(running: Running, wait_for_exit: Callable[[int], None]) -> None:
    running.process.kill()

    for pid in running.status["pids"].values():
        wait_for_exit(pid)
