"""`eventide serve`: one process of an installation in the foreground, where something else supervises it."""

import argparse
import os
import sys
from collections.abc import Mapping
from typing import Final

from services.operator.environment import Endpoints, caller_environment, gateway_settings, service_environment
from services.operator.errors import OperatorError
from services.operator.lifecycle import state_of
from services.operator.postgres.credentials import load_credentials
from services.operator.postgres.provision import service_urls
from services.operator.state import StateFolder

WORKER: Final = "worker"
_ADDRESSES: Final = ("GATEWAY_URL", "RECORDS_URL", "SCHEDULER_URL")


class AddressMissingError(OperatorError):
    """A variable that says where something answers is not set."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Set {name}: `serve` runs one process and must be told where the others answer.")


def run(arguments: argparse.Namespace) -> int:
    """Become one process of the installation whose state folder `migrate` has filled.

    Raises:
        AddressMissingError: DATABASE_URL, GATEWAY_URL, RECORDS_URL or SCHEDULER_URL is not set.
    """
    state = StateFolder(state_of(arguments))
    told = caller_environment()
    service = "scheduler" if arguments.process == WORKER else arguments.process
    environment = service_environment(
        service,
        state=state,
        endpoints=Endpoints(*(_told(told, name) for name in _ADDRESSES)),
        databases=service_urls(_told(told, "DATABASE_URL"), load_credentials(state.secrets / "databases")),
        clock_offset=0.0,
    )
    if service == "gateway":
        environment |= gateway_settings(told)
    environment["PYTHONPATH"] = told.get("PYTHONPATH", "")
    module = ["services.scheduler.worker"] if arguments.process == WORKER else ["services.chassis.serve", service]
    where = [] if arguments.process == WORKER else ["--host", arguments.host, "--port", str(arguments.port)]
    os.execve(sys.executable, [sys.executable, "-m", *module, *where], environment)  # noqa: S606 - this very program


def _told(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise AddressMissingError(name)
    return environment[name]
