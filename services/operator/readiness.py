"""Waits until the services of a started stack answer, or says why they will not."""

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

from services.operator.errors import OperatorError
from services.operator.locks import InheritedLock
from services.operator.postgres.credentials import SERVICES
from services.operator.state import StateFolder
from services.operator.supervisor.control import Answer, NotRunningError, ask

_READY_SECONDS = 120.0
_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 0.02
_HOPELESS_CRASHES = 3
_LOG_TAIL_LINES = 20


class StackFailedError(OperatorError):
    """The stack did not start."""


def wait_until_ready(state: StateFolder) -> Answer:
    """Return the status of a stack once every service says that it is ready.

    Raises:
        StackFailedError: A process keeps crashing, or a service stays unready for two minutes.
    """
    deadline = time.monotonic() + _READY_SECONDS
    waiting: list[str] = list(SERVICES)
    before: dict[str, int] = {}
    while time.monotonic() < deadline:
        if answer := _status_if_started(state):
            before = before or answer["crashes"]
            _give_up_on_crashes(answer, before)
            waiting = [service for service in SERVICES if not is_ready(answer[service])]
            if not waiting:
                return answer
        time.sleep(_POLL_SECONDS)
    raise StackFailedError(f"Not ready after {_READY_SECONDS:.0f} s: {', '.join(waiting)}; see {state.logs}.")


def is_ready(url: str) -> bool:
    """Ask a service whether it is ready; no answer within two seconds is no."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def log_tail(path: Path) -> str:
    """Return the last lines of a log."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_LOG_TAIL_LINES:])


def _status_if_started(state: StateFolder) -> Answer | None:
    try:
        return ask(state, {"command": "status"})
    except NotRunningError:
        if InheritedLock(state.lock).owner():
            return None  # another `up` is in the middle of starting it
        raise


def _give_up_on_crashes(answer: Answer, before: dict[str, int]) -> None:
    for name, crashes in answer["crashes"].items():
        if crashes - before[name] >= _HOPELESS_CRASHES:
            tail = log_tail(Path(answer["logs"][name]))
            raise StackFailedError(f"{name} keeps crashing:\n{tail}")
