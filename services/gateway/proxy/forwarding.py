"""Carries a permitted request to its service and the answer back, as both come, without holding either whole."""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping
from typing import Any

from services.chassis.context import outgoing_headers
from services.chassis.edge import Receive, Send
from services.chassis.errors import ServiceError, UpstreamUnavailableError
from services.contracts.identity import Microservice
from services.gateway.errors import UpstreamInterruptedError
from services.gateway.proxy.admission import Gate
from services.gateway.proxy.headers import forwarded, returned
from services.gateway.proxy.requests import IncomingRequest
from services.gateway.proxy.upstream import ConnectionPool, NoConnectionError
from services.policy.route import Route

Message = MutableMapping[str, Any]


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
        with self._gates[route.service].admitted(route):
            await self._relay(request, route.service, internal_token, receive=receive, send=send)

    async def _relay(
        self,
        request: IncomingRequest,
        service: Microservice,
        internal_token: str | None,
        *,
        receive: Receive,
        send: Send,
    ) -> None:
        task = asyncio.current_task()
        upload = _Upload(receive)
        watch = asyncio.create_task(upload.watch(task, has_body=_has_body(request)))
        try:
            await self._exchange(request, service, internal_token, upload, send)
        except NoConnectionError:
            raise UpstreamUnavailableError(service) from None
        except OSError:
            if not upload.is_left:
                raise upload.refusal or UpstreamInterruptedError(service) from None
        except asyncio.CancelledError:
            if not upload.is_left or (task is not None and task.uncancel() > 0):
                raise
        finally:
            watch.cancel()

    async def _exchange(
        self, request: IncomingRequest, service: Microservice, internal_token: str | None, upload: "_Upload", send: Send
    ) -> None:
        upstream = self._upstreams[service]
        body = upload.chunks() if _has_body(request) else None
        is_chunked = b"transfer-encoding" in request.headers
        answer = await upstream.ask(_head(request, upstream, internal_token), body, is_chunked=is_chunked)
        try:
            self._gates[service].answered()
            await send({"type": "http.response.start", "status": answer.status, "headers": returned(answer.fields)})
            is_whole = False
            while not is_whole:
                piece, is_whole = await answer.read()
                await send({"type": "http.response.body", "body": piece, "more_body": not is_whole})
        finally:
            upstream.leave(answer)


def _has_body(request: IncomingRequest) -> bool:
    return request.method != "GET"


def _head(request: IncomingRequest, upstream: ConnectionPool, internal_token: str | None) -> bytes:
    """Write the head of the request to the service; no field of it can hold a line end, the parser saw to that."""
    target = upstream.base + request.target.encode("ascii")
    lines = [request.method.encode("ascii") + b" " + target + b" HTTP/1.1", b"host: " + upstream.host]
    lines += [name + b": " + value for name, value in forwarded(request.headers)]
    lines += [f"{name}: {value}".encode("latin-1") for name, value in outgoing_headers().items()]
    if internal_token is not None:
        lines.append(b"authorization: Bearer " + internal_token.encode("ascii"))
    if b"transfer-encoding" in request.headers:
        lines.append(b"transfer-encoding: chunked")
    elif _has_body(request):
        lines.append(b"content-length: " + request.headers.get(b"content-length", b"0"))
    return b"\r\n".join([*lines, b"", b""])


class _Upload:
    """The body on its way from the caller to the service, and then the watch for the caller's leaving."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
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
