"""Keeps PostgreSQL and the children of one stack running until it is told to stop."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from services.operator.environment import Endpoints
from services.operator.errors import OperatorError
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.state import StateFolder
from services.operator.supervisor.children import FIRST_PAUSE_SECONDS, Child, ChildSpec, ended
from services.operator.supervisor.control import Answer, serve_control


class UnknownServiceError(OperatorError):
    """There is no child of this name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"There is no service {name!r}; there are {', '.join(known)}.")


class PortLostError(OperatorError):
    """PostgreSQL came back on another port than the services know."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL fell, and something else took its port.")


class Stack(NamedTuple):
    """What a supervisor keeps running."""

    state: StateFolder
    endpoints: Endpoints
    specs: Sequence[ChildSpec]
    cluster: EmbeddedPostgres | None
    """The embedded server; `None` where the data are on a server of somebody else's."""
    clock_offset: float = 0.0
    """Seconds that the services' clocks are ahead of the machine's."""


class Supervisor:
    """Runs a stack, restarts what falls, and answers on the control socket."""

    def __init__(self, stack: Stack, note: Callable[[str], None]) -> None:
        self._stack = stack
        self._note = note
        self._children = {spec.name: Child(spec, note) for spec in stack.specs}
        self._cluster_crashes = 0
        self._stopping = asyncio.Event()

    async def run(self, started: Callable[[Answer], None]) -> None:
        """Start the children, call `started` with the status, and return after SIGTERM or SIGINT.

        Raises:
            ClusterFailedError: PostgreSQL fell and could not be started again.
            PortLostError: PostgreSQL fell and came back on another port.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        control = await serve_control(self._stack.state.run, self._answer)
        try:
            for child in self._children.values():
                child.start()
            started(self._status())
            await self._until_stopped()
        finally:
            control.close()
            await self._stop_children()

    async def _until_stopped(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        cluster = asyncio.create_task(self._keep_cluster())
        done, pending = await asyncio.wait([stopping, cluster], return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        for task in done:
            task.result()

    async def _stop_children(self) -> None:
        specs = sorted(self._stack.specs, key=lambda spec: spec.stop_order)
        for _, together in groupby(specs, key=lambda spec: spec.stop_order):
            await asyncio.gather(*(self._children[spec.name].stop() for spec in together))

    async def _keep_cluster(self) -> None:
        cluster = self._stack.cluster
        if cluster is None:
            await self._stopping.wait()
            return
        while True:
            port = cluster.port
            await ended(cluster.pid)
            self._cluster_crashes += 1
            self._note("postgres ended unasked, starts again")
            await asyncio.sleep(FIRST_PAUSE_SECONDS)
            cluster.stop()
            cluster.start()
            if cluster.port != port:
                raise PortLostError

    async def _answer(self, request: dict[str, str]) -> Answer:
        if request["command"] == "restart":
            await self._restart(request["service"])
        return self._status()

    async def _restart(self, name: str) -> None:
        if (child := self._children.get(name)) is None:
            raise UnknownServiceError(name, list(self._children))
        await child.stop()
        child.start()

    def _status(self) -> Answer:
        children = self._children.values()
        pids = {"supervisor": os.getpid()}
        crashes = {child.spec.name: child.crashes for child in children}
        logs = {"supervisor": self._stack.state.log("supervisor")}
        if cluster := self._stack.cluster:
            pids["postgres"] = cluster.pid
            crashes["postgres"] = self._cluster_crashes
            logs["postgres"] = cluster.log
        pids |= {child.spec.name: child.pid for child in children}
        logs |= {child.spec.name: child.spec.log for child in children}
        return {
            **self._stack.endpoints._asdict(),
            "pids": pids,
            "logs": {name: str(path) for name, path in logs.items()},
            "crashes": crashes,
            "clock_offset_seconds": self._stack.clock_offset,
        }
