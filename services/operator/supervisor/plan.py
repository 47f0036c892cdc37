"""What a supervisor is asked to run, and the child processes that follow from it."""

import json
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from services.operator.environment import USUAL_ALLOWANCE, Endpoints, service_environment
from services.operator.errors import OperatorError
from services.operator.postgres.credentials import SERVICES
from services.operator.postgres.provision import DatabaseUrls
from services.operator.state import StateFolder
from services.operator.supervisor.children import ChildSpec

HOST = "127.0.0.1"
USUAL_PORT = 8600
_BACKLOG = 2048


class PortTakenError(OperatorError):
    """The port asked for by name is in use."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} is in use. Choose another with --port, or 0 for any.")


class StackOptions(NamedTuple):
    """What `up` was asked for."""

    state: Path
    database_url: str | None = None
    port: int | None = None
    """The gateway's; 0 for any, `None` for the usual one or else any."""
    workers: int = 1
    clock_offset: float = 0.0
    """Seconds that the services' clocks are ahead of the machine's."""
    caller_allowance: float = USUAL_ALLOWANCE
    """How many times as often as usual one caller may call."""

    def dump(self) -> bytes:
        """Write the options down for the supervisor's standard input."""
        return json.dumps({**self._asdict(), "state": str(self.state)}).encode()

    @classmethod
    def load(cls, text: bytes) -> Self:
        """Read what `dump` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "state": Path(fields["state"])})


@contextmanager
def listening(port: int | None) -> Iterator[dict[str, socket.socket]]:
    """Hold a listening socket for each service.

    The supervisor keeps them, so that a restarted service finds its port and no caller is
    refused meanwhile.

    Raises:
        PortTakenError: The gateway's port was asked for and is taken.
    """
    with ExitStack() as cleanup:
        listeners = {name: cleanup.enter_context(socket.socket()) for name in SERVICES}
        for name, listener in listeners.items():
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(listener, port if name == "gateway" else 0)
            listener.listen(_BACKLOG)
        yield listeners


def endpoints_of(listeners: Mapping[str, socket.socket]) -> Endpoints:
    """Return the base URLs the sockets answer at."""
    return Endpoints(**{name: f"http://{HOST}:{at.getsockname()[1]}" for name, at in listeners.items()})


def child_specs(
    options: StackOptions,
    listeners: Mapping[str, socket.socket],
    databases: Mapping[str, DatabaseUrls],
    lock: int,
) -> list[ChildSpec]:
    """Return the services and workers to run, each sharing the state folder's lock."""
    state = StateFolder(options.state)

    def environment(service: str) -> dict[str, str]:
        return service_environment(
            service,
            state=state,
            endpoints=endpoints_of(listeners),
            databases=databases,
            clock_offset=options.clock_offset,
            caller_allowance=options.caller_allowance,
        )

    services = [
        ChildSpec(
            name=service,
            command=[sys.executable, "-m", "services.chassis.serve", service, "--fd", str(fd)],
            environment=environment(service),
            log=state.log(service),
            descriptors=(fd, lock),
            stop_order=0 if service == "gateway" else 2,
        )
        for service, fd in ((name, listener.fileno()) for name, listener in listeners.items())
    ]
    workers = [
        ChildSpec(
            name=name,
            # A week may wait for a person's click, but not the other way round.
            command=["nice", "-n", "5", sys.executable, "-m", "services.scheduler.worker"],
            environment=environment("scheduler"),
            log=state.log(name),
            descriptors=(lock,),
            # Nobody waits for its answer any more, and a solve does not end when asked.
            orphan_signal=signal.SIGKILL,
            stop_order=1,
        )
        for name in (f"worker-{number}" for number in range(1, options.workers + 1))
    ]
    return [*services, *workers]


def _bind(listener: socket.socket, port: int | None) -> None:
    try:
        listener.bind((HOST, USUAL_PORT if port is None else port))
    except OSError:
        if port is not None:
            raise PortTakenError(port) from None
        listener.bind((HOST, 0))
