"""`eventide keys renew`: other keys to sign tokens with, published first and used later; old ones go in the end."""

import argparse
import json
from datetime import datetime, timedelta
from typing import Any

from services.chassis.clock import Clock
from services.chassis.key_rotation import first_waiting, next_instant
from services.operator import stack
from services.operator.audit.command import state_with_keys
from services.operator.errors import OperatorError
from services.operator.keys import signing_folders
from services.operator.lifecycle import say
from services.operator.state import StateFolder
from services.operator.supervisor.control import NotRunningError


class MisnamedKeyError(OperatorError):
    """A key's file is not named for an instant, so it is not known which keys are old."""


def run(arguments: argparse.Namespace) -> int:
    """Renew the keys of a state folder, and start its gateway again, if it runs, so that it publishes them.

    The key of a file is used from the instant that the file is named for, so no other start is needed.

    Raises:
        NoKeysError: Nothing has run there yet.
        MisnamedKeyError: A file is not named for an instant.
    """
    state = state_with_keys(arguments)
    offset = _offset_of_running(state)
    try:
        report = renew(state, Clock(offset or timedelta()).now(), after=timedelta(minutes=arguments.after))
    except ValueError as misnamed:
        raise MisnamedKeyError(f"{misnamed}") from None
    if offset is not None:
        stack.restart(state.root, "gateway")
        say("the gateway publishes what there is now")
    report["is_published"] = offset is not None
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<12} {of}" for name, of in report.items()))
    return 0


def renew(state: StateFolder, now: datetime, *, after: timedelta) -> dict[str, Any]:
    """Put a key of each kind beside the others that signs after so long, and remove those that nothing needs.

    Where one waits for its time already none is added, so that the command may be repeated.
    """
    signs_from, removed = [], 0
    for folder in signing_folders(state):
        waiting = first_waiting(folder.instants(), now)
        if waiting is None:
            waiting = next_instant(now, after)
            folder.add(waiting)
        signs_from.append(waiting)
        old = folder.unneeded(now)
        removed += len(old)
        for one in old:
            folder.remove(one)
    return {"signs_from": max(signs_from).isoformat(), "removed": removed}


def _offset_of_running(state: StateFolder) -> timedelta | None:
    """Return how far the clock of a running stack is ahead, or None where none runs."""
    try:
        return timedelta(seconds=stack.status(state.root)["clock_offset_seconds"])
    except NotRunningError:
        return None
