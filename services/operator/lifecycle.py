"""The commands that start, stop and look at a stack."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from services.operator import stack
from services.operator.databases import running_databases
from services.operator.environment import DRILLED_ALLOWANCE, USUAL_ALLOWANCE, caller_environment
from services.operator.errors import OperatorError
from services.operator.locks import InheritedLock
from services.operator.postgres.credentials import SERVICES
from services.operator.state import StateFolder, default_state_folder
from services.operator.supervisor.plan import StackOptions

_IN_VARIABLE = "env:"


class VariableMissingError(OperatorError):
    """The variable that should hold the DSN is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"--database-url names the variable {name}, which is not set.")


def up(arguments: argparse.Namespace) -> int:
    """Start a stack, or find the one that runs, and say where it answers."""
    options = StackOptions(
        state=state_of(arguments),
        database_url=database_url_of(arguments),
        port=arguments.port,
        workers=arguments.workers,
        clock_offset=stack.clock_offset(arguments.clock),
        caller_allowance=DRILLED_ALLOWANCE if arguments.measured else USUAL_ALLOWANCE,
    )
    _show(stack.start(options, say), as_json=arguments.json)
    return 0


def down(arguments: argparse.Namespace) -> int:
    """Stop a stack; that there was none is not an error."""
    folder = state_of(arguments)
    was_running = stack.stop(folder)
    say("stopped" if was_running else f"nothing was running in {folder}")
    if arguments.json:
        print(json.dumps({"stopped": was_running}))
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Show a running stack; the exit status is 0 only when all services are ready."""
    answer = stack.status(state_of(arguments))
    _show(answer, as_json=arguments.json)
    return 0 if all(answer["ready"].values()) else 1


def restart(arguments: argparse.Namespace) -> int:
    """Restart one process and wait until the services answer."""
    _show(stack.restart(state_of(arguments), arguments.service), as_json=arguments.json)
    return 0


def migrate(arguments: argparse.Namespace) -> int:
    """Bring the databases up to date while nothing runs; `up` does the same before it starts."""
    state = StateFolder(state_of(arguments))
    state.make()
    lock = InheritedLock(state.lock)
    lock.acquire(patience=0)
    try:
        with running_databases(state, database_url_of(arguments), say):
            say("the databases are up to date")
    finally:
        lock.release()
    return 0


def state_of(arguments: argparse.Namespace) -> Path:
    """Return the absolute state folder that the arguments or the checkout call for."""
    if arguments.state is not None:
        return Path(arguments.state).absolute()
    return default_state_folder(caller_environment())


def database_url_of(arguments: argparse.Namespace) -> str | None:
    """Return the DSN given, or the one in the variable that `env:NAME` names, which no process list shows.

    Raises:
        VariableMissingError: There is no such variable.
    """
    given: str | None = arguments.database_url
    if given is None or not given.startswith(_IN_VARIABLE):
        return given
    name = given.removeprefix(_IN_VARIABLE)
    if name not in caller_environment():
        raise VariableMissingError(name)
    return caller_environment()[name]


def say(what: str) -> None:
    """Show progress, apart from the result."""
    print(f"eventide: {what}", file=sys.stderr, flush=True)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(answer))
        return
    for service in SERVICES:
        print(f"{service:<10} {answer[service]}")
    for name, pid in answer["pids"].items():
        crashes = answer["crashes"].get(name, 0)
        fallen = f", restarted {crashes} times" if crashes else ""
        print(f"{name:<10} process {pid}{fallen}, log {answer['logs'][name]}")
