"""The gateway's short way as a caller meets it: a connection, what came back on it, and how often it was taken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from services.chassis.edge import Receive, Scope, Send
from services.chassis.shortcut import Asked
from services.contracts.identity import Microservice
from services.gateway.proxy.forwarding import Forwarder
from services.gateway.proxy.upstream import Connection as ServiceConnection
from services.gateway.proxy.upstream import ConnectionPool
from tests.gateway.conftest import Upstream, echo
from tests.support.raw_http import Connection, connection_to, head, send

WAIT = 20
PATH = "/v1/patients"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# What differs from one request to the next by itself, or is how the test's own server frames an answer.
_OWN = {"traceparent", "eventide-timeout-ms", "instance"}
_FRAMING = {"content-length", "transfer-encoding", "date"}


class Heard(NamedTuple):
    status: int
    fields: list[tuple[str, str]]
    body: Any


@dataclass
class ShortWay:
    """The way of plain requests, with a connection to the gateway and one of it to the service."""

    app: Any
    url: str
    bearer: str
    upstream: Upstream
    caller: Connection
    taken: int = 0

    async def ask(self, *lines: str, target: str = PATH, method: str = "GET", body: bytes = b"") -> Heard:
        await send(self.caller, head(target, self.bearer, *lines, method=method) + body)
        return await answer_on(self.caller)

    async def both(self, request: bytes) -> tuple[Heard, Heard]:
        """Ask on the short way, and then with it shut."""
        heard: list[Heard] = []
        door = self.app.shortcut
        try:
            for way in (door, None):
                self.app.shortcut = way
                async with connection_to(self.url) as connection:
                    await send(connection, request)
                    heard.append(_without_its_own(await answer_on(connection)))
        finally:
            self.app.shortcut = door
        return heard[0], heard[1]

    @property
    def forwarder(self) -> Forwarder:
        forwarder: Forwarder = self.app.state.equipment.front.forwarder
        return forwarder

    @property
    def in_hand(self) -> tuple[int, int]:
        """How many the service's gate has let in, and how many the short way watches."""
        return self.forwarder._gates[Microservice.RECORDS]._in_hand, len(self.app.shortcut._in_hand)

    @property
    def idle(self) -> list[ServiceConnection]:
        """The connections to the service that nothing is in hand on."""
        return self.forwarder._upstreams[Microservice.RECORDS]._idle

    def counted(self, status: int) -> float | None:
        """How many answers of this status the metrics tell of."""
        labels = {"operation_id": "list_patients", "status": str(status)}
        count: float | None = self.app.state.metrics.registry.get_sample_value("eventide_requests_total", labels)
        return count

    def turn_to(self, url: str) -> None:
        self.forwarder._upstreams[Microservice.RECORDS] = ConnectionPool(url)


@contextlib.asynccontextmanager
async def short_way(app: Any, url: str, bearer: str, upstream: Upstream) -> AsyncIterator[ShortWay]:
    """Count what is taken from now on."""
    async with connection_to(url) as connection:
        way = ShortWay(app, url, bearer, upstream, connection)
        for target in (PATH, "/v1/sites"):
            await way.ask(target=target)  # leaves a connection to the service behind it
        upstream.answer = with_length
        upstream.calls = 0
        take = app.shortcut.take

        def counted(asked: Asked) -> bool:
            is_taken: bool = take(asked)
            way.taken += is_taken
            return is_taken

        app.shortcut.take = counted
        yield way


async def with_length(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as `echo` does, in one piece whose length is told, as services do."""
    messages: list[Any] = []

    async def keep(message: Any) -> None:
        messages.append(message)

    await echo(scope, receive, keep)
    messages[0]["headers"].append((b"content-length", str(len(messages[1]["body"])).encode()))
    for message in messages:
        await send(message)


async def answer_on(connection: Connection) -> Heard:
    """Read one answer to its end."""
    reader = connection[0]
    async with asyncio.timeout(WAIT):
        raw = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = raw.strip().split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        told = dict(fields)
        body = b""
        if "transfer-encoding" in told:
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            body = await reader.readexactly(int(told.get("content-length", "0")))
    read: Any = body
    with contextlib.suppress(ValueError):
        read = orjson.loads(body)
    return Heard(int(first.split()[1]), sorted(fields), read)


def _without_its_own(heard: Heard) -> Heard:
    body = heard.body
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _OWN}
        if "headers" in body:
            body["headers"] = sorted(field for field in body["headers"] if field[0] not in _OWN)
    return Heard(heard.status, [field for field in heard.fields if field[0] not in _FRAMING], body)


@contextlib.asynccontextmanager
async def service(*answers: bytes | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer request after request with these bytes; with the last, and in place of none, the connection ends."""
    heard: list[bytes] = []
    rest = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                answer = rest.pop(0) if rest else None
                if answer is None:
                    break
                writer.write(answer)
                if not rest:
                    break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
