"""A second gateway beside the stack's own: the same keys and database, and perhaps other services behind it."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from services.operator.drill.checklist.probes.calling import Caller
from services.operator.drill.checklist.world import SetUpFailedError, World
from services.operator.environment import DRILLED_ALLOWANCE, Endpoints, service_environment
from services.operator.postgres.credentials import load_credentials
from services.operator.postgres.provision import DatabaseUrls, service_urls
from services.operator.postgres.running import running_cluster
from services.operator.processes import die_with_parent
from services.operator.readiness import is_ready
from services.operator.state import PROJECT, StateFolder

_HOST: Final = "127.0.0.1"
_READY_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


@asynccontextmanager
async def second_gateway(world: World, *, upstream: str | None = None, **told: Any) -> AsyncIterator[str]:
    """Run another gateway for the length of a block; yields where it answers.

    `upstream` answers in place of records and the scheduler; `told` are further settings, by their own names.

    Raises:
        SetUpFailedError: It does not come up.
    """
    with socket.socket() as listener:
        listener.bind((_HOST, 0))
        listener.listen(256)
        url = f"http://{_HOST}:{listener.getsockname()[1]}"
        process = _started(listener, _environment(world, url, upstream, told))
        try:
            await _answering(process, url)
            yield url
        finally:
            process.kill()
            process.wait()


def caller_at(world: World, url: str, token: str | None = None, *, address: str | None = None) -> Caller:
    """Return somebody who asks that gateway, from an address if one is named."""
    return Caller(world.sessions, lambda: url, token, address)


def _started(listener: socket.socket, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "services.chassis.serve", "gateway", "--fd", str(listener.fileno())],
        cwd=PROJECT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(listener.fileno(),),
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - the kernel's request is made in the child
    )


def databases_of(world: World) -> Mapping[str, DatabaseUrls]:
    """Return how to reach the databases of the stack."""
    state = StateFolder(world.state)
    cluster = running_cluster(state)
    return service_urls(cluster.admin_dsn, load_credentials(state.secrets / "databases"), address=cluster.address)


def _environment(world: World, url: str, upstream: str | None, told: Mapping[str, Any]) -> dict[str, str]:
    state = StateFolder(world.state)
    behind = world.addresses
    environment = service_environment(
        "gateway",
        state=state,
        endpoints=Endpoints(url, upstream or behind.records, upstream or behind.scheduler),
        databases=databases_of(world),
        clock_offset=behind.ahead.total_seconds(),
        caller_allowance=DRILLED_ALLOWANCE,
    )
    # To the world both are one: what one signs and expects, the other does too.
    environment["EVENTIDE_PUBLIC_URL"] = world.issuer
    return environment | {
        f"EVENTIDE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in told.items()
    }


async def _answering(process: "subprocess.Popen[bytes]", url: str) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while not await asyncio.to_thread(is_ready, url):
            if process.poll() is not None:
                raise SetUpFailedError("a second gateway ended before it answered")
            await asyncio.sleep(_POLL_SECONDS)
