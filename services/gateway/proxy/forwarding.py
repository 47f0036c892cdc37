"""Carries a permitted request to its service and the answer back, as both come, without holding either whole."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from services.chassis.context import outgoing_headers
from services.chassis.edge import Receive, Send
from services.chassis.errors import ServiceError, UpstreamUnavailableError
from services.contracts.identity import Microservice
from services.gateway.errors import UpstreamInterruptedError
from services.gateway.proxy.admission import Gate, Place
from services.gateway.proxy.deciding import Passage
from services.gateway.proxy.headers import forwarded, returned, written
from services.gateway.proxy.requests import IncomingRequest
from services.gateway.proxy.upstream import Connection, ConnectionPool, NoConnectionError
from services.policy.route import Route

Message = MutableMapping[str, Any]

BEGUN_KEY: Final = "begun"
"""In the scope of a request that was decided on, and sent, before it came to the application."""


class Sending(NamedTuple):
    """A permitted request on its way to its service."""

    request: IncomingRequest
    route: Route
    upstream: ConnectionPool
    head: bytes
    connection: Connection | None = None
    """On which it was sent already, where it was."""


class Forwarder:
    """The way to the services behind the gateway."""

    def __init__(self, upstreams: Mapping[Microservice, str]) -> None:
        self._upstreams = {service: ConnectionPool(url) for service, url in upstreams.items()}
        self._gates = {service: Gate(service) for service in upstreams}

    def close(self) -> None:
        """Close the connections that nothing is in hand on."""
        for upstream in self._upstreams.values():
            upstream.close()

    async def forward(
        self,
        request: IncomingRequest,
        route: Route,
        internal_token: str | None,
        *,
        receive: Receive,
        send: Send,
    ) -> None:
        """Forward a request with an internal token, or none, in place of the caller's, and relay the answer.

        When the caller leaves, the exchange ends: the service sees its connection close.

        Raises:
            ServiceBusyError: The service has too much in hand for this route; nothing was sent.
            UpstreamUnavailableError: There is no connection to the service; nothing was sent.
            UpstreamInterruptedError: The connection ended before the answer.
            BodyTooLargeError: The body grew beyond the limit while it was sent.
        """
        with self._gates[route.service].admitted(route) as place:
            upstream = self._upstreams[route.service]
            head = _head(request, upstream, internal_token, lines_of(outgoing_headers()))
            await self._relay(Sending(request, route, upstream, head), place, receive=receive, send=send)

    def begin(
        self, request: IncomingRequest, passage: Passage, onward: bytes, heard: Callable[[], None]
    ) -> Sending | None:
        """Send a request without a body where that needs no waiting for a connection; None where it does.

        `heard` is called once there is something of an answer, or will be none. Then, or before, it is ended by `end`,
        or `go_on` relays what comes.

        Raises:
            ServiceBusyError: The service has too much in hand for this route; nothing was sent.
            UpstreamUnavailableError: Nobody answered lately; nothing was sent.
        """
        route = passage.route
        gate, upstream = self._gates[route.service], self._upstreams[route.service]
        head = _head(request, upstream, passage.internal_token, onward)
        gate.enter(route)
        connection = upstream.begin(head, heard)
        if connection is None:
            gate.leave()
            return None
        return Sending(request, route, upstream, head, connection)

    def end(self, sent: Sending) -> None:
        """End an exchange that was begun: well where its answer was whole and is taken, or else the service is told."""
        assert sent.connection is not None  # noqa: S101 - it was begun
        gate = self._gates[sent.route.service]
        if sent.connection.is_whole:
            gate.answered()
        sent.upstream.leave(sent.connection)
        gate.leave()

    async def go_on(self, sent: Sending, *, receive: Receive, send: Send) -> None:
        """Relay the answer to a request that was begun; raises as `forward` does."""
        with self._gates[sent.route.service].held() as place:
            await self._relay(sent, place, receive=receive, send=send)

    async def _relay(self, sending: Sending, place: Place, *, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        upload = _Upload(receive, place)
        watch = asyncio.create_task(upload.watch(task, has_body=_has_body(sending.request)))
        try:
            await self._exchange(sending, upload, send)
        except NoConnectionError:
            raise UpstreamUnavailableError(sending.route.service) from None
        except OSError:
            if not upload.is_left:
                raise upload.refusal or UpstreamInterruptedError(sending.route.service) from None
        except asyncio.CancelledError:
            if not upload.is_left or (task is not None and task.uncancel() > 0):
                raise
        finally:
            watch.cancel()

    async def _exchange(self, sending: Sending, upload: "_Upload", send: Send) -> None:
        request, upstream = sending.request, sending.upstream
        body = upload.chunks() if _has_body(request) else None
        if body is None:
            upload.place.handed_over()
        is_chunked = b"transfer-encoding" in request.headers
        answer = await upstream.ask(sending.head, body, is_chunked=is_chunked, begun=sending.connection)
        try:
            upload.place.answered()
            await send({"type": "http.response.start", "status": answer.status, "headers": returned(answer.fields)})
            is_whole = False
            while not is_whole:
                piece, is_whole = await answer.read()
                await send({"type": "http.response.body", "body": piece, "more_body": not is_whole})
        finally:
            upstream.leave(answer)


def lines_of(fields: Mapping[str, str]) -> bytes:
    """Write fields of ours as lines of a head."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("latin-1")


def _has_body(request: IncomingRequest) -> bool:
    return request.method != "GET"


def _head(request: IncomingRequest, upstream: ConnectionPool, internal_token: str | None, onward: bytes) -> bytes:
    """Write the head of the request to the service; no field of it can hold a line end, the parser saw to that."""
    lines = [b"%b %b%b HTTP/1.1\r\nhost: %b\r\n" % (
        request.method.encode("ascii"), upstream.base, request.target.encode("ascii"), upstream.host
    ), onward]  # fmt: skip
    lines.append(written(forwarded(request.headers)))
    if internal_token is not None:
        lines.append(b"authorization: Bearer %b\r\n" % internal_token.encode("ascii"))
    if b"transfer-encoding" in request.headers:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif _has_body(request):
        lines.append(b"content-length: %b\r\n" % request.headers.get(b"content-length", b"0"))
    lines.append(b"\r\n")
    return b"".join(lines)


class _Upload:
    """The body on its way from the caller to the service, and then the watch for the caller's leaving."""

    def __init__(self, receive: Receive, place: Place) -> None:
        self._receive = receive
        self.place = place
        self._sent = asyncio.Event()
        self.is_left = False
        self.refusal: ServiceError | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        is_whole = False
        while not is_whole:
            message = await self._next()
            if message["type"] == "http.disconnect":
                self.is_left = True
                raise ConnectionResetError
            is_whole = not message.get("more_body", False)
            yield message.get("body", b"")
        self.place.handed_over()
        self._sent.set()

    async def watch(self, task: "asyncio.Task[Any] | None", *, has_body: bool) -> None:
        if has_body:
            await self._sent.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.is_left = True
        if task is not None:
            task.cancel()

    async def _next(self) -> Message:
        try:
            return await self._receive()
        except ServiceError as refusal:
            self.refusal = refusal
            raise
