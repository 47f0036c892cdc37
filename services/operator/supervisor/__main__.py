"""`python -m services.operator.supervisor --report-fd N`, with the options on standard input.

They are not on the command line, because a database URL carries a password.
"""

import argparse
import asyncio
import json
import os
import sys
from contextlib import ExitStack, suppress
from typing import Any

from services.chassis.clock import Clock
from services.chassis.private_files import write_private
from services.operator.databases import running_databases
from services.operator.errors import OperatorError
from services.operator.keys import ensure_keys
from services.operator.locks import InheritedLock, LockHeldError
from services.operator.state import StateFolder
from services.operator.supervisor.plan import (
    StackOptions,
    child_specs,
    endpoints_of,
    listening,
)
from services.operator.supervisor.supervisor import Stack, Supervisor

_PATIENCE_SECONDS = 60.0


class Report:
    """The pipe to whoever started us: lines of JSON, until the stack has started."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the function takes no keyword
        self._descriptor = descriptor

    def tell(self, kind: str, what: Any) -> None:
        """Write one line; that nobody reads it any more is no reason to stop."""
        with suppress(BrokenPipeError):
            os.write(self._descriptor, json.dumps({kind: what}).encode() + b"\n")

    def started(self, state: StateFolder, status: dict[str, Any]) -> None:
        """Say where the services are, to the starter and in the state folder."""
        write_private(state.addresses, json.dumps(status, indent=1).encode())
        self.tell("started", status)
        os.close(self._descriptor)


def supervise(options: StackOptions, report: Report) -> None:
    """Run a stack from nothing to nothing.

    Raises:
        OperatorError: It could not be started or kept, in words for the person who asked.
    """
    state = StateFolder(options.state)
    state.make()
    with ExitStack() as cleanup:
        # Held until this process has ended: a free lock means that nothing is left of the stack.
        lock = InheritedLock(state.lock)
        lock.acquire(_PATIENCE_SECONDS)
        ensure_keys(state, Clock())
        listeners = cleanup.enter_context(listening(options.port))
        databases = cleanup.enter_context(
            running_databases(state, options.database_url, lambda step: report.tell("step", step))
        )
        report.tell("step", "starting the services")
        stack = Stack(
            state,
            endpoints_of(listeners),
            child_specs(options, listeners, databases.urls, lock.descriptor),
            databases.cluster,
            options.clock_offset,
        )
        cleanup.callback(state.addresses.unlink, missing_ok=True)
        supervisor = Supervisor(stack, _note)
        asyncio.run(supervisor.run(lambda status: report.started(state, status)))


def main() -> int:
    """Run the stack described on standard input and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--report-fd", type=int, required=True)
    report = Report(parser.parse_args().report_fd)
    try:
        supervise(StackOptions.load(sys.stdin.buffer.read()), report)
    except LockHeldError as held:
        report.tell("busy", held.owner)
        return 1
    except (OperatorError, OSError) as refusal:
        _note(str(refusal))
        report.tell("failed", str(refusal))
        return 1
    return 0


def _note(line: str) -> None:
    print(f"{Clock().now():%Y-%m-%dT%H:%M:%SZ} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
