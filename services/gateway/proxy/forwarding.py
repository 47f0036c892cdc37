"""Carries a permitted request to its service and the answer back, as both come, without holding either whole."""

import asyncio
from collections.abc import AsyncIterator, Mapping, MutableMapping
from typing import Any, Final

import aiohttp
from yarl import URL

from services.chassis.context import outgoing_headers
from services.chassis.edge import Receive, Send
from services.chassis.errors import ServiceError, UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.contracts.identity import Microservice
from services.gateway.errors import UpstreamInterruptedError
from services.gateway.proxy.admission import Gate
from services.gateway.proxy.headers import forwarded, returned
from services.gateway.proxy.requests import IncomingRequest
from services.policy.route import Route

Message = MutableMapping[str, Any]

# What the client library would say of itself, where the caller said nothing.
_NOT_OURS: Final = ("accept", "accept-encoding", "content-type", "user-agent")
# The whole exchange has the deadline of the request, which `Edge` keeps; here only a dead host is noticed sooner.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=2.0)


class Forwarder:
    """The way to the services behind the gateway."""

    def __init__(self, http: HttpClient, upstreams: Mapping[Microservice, str]) -> None:
        self._http = http
        self._upstreams = {service: url.rstrip("/") for service, url in upstreams.items()}
        self._gates = {service: Gate(service) for service in upstreams}

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
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise UpstreamUnavailableError(service) from None
        except (aiohttp.ClientError, OSError):
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
        async with self._http.session.request(
            request.method,
            URL(self._upstreams[service] + request.target, encoded=True),
            headers=_headers(request, internal_token),
            # A body that was begun cannot be sent again, so the client library repeats only what has none: a GET, once.
            data=upload.chunks() if _has_body(request) else None,
            timeout=_TIMEOUT,
            allow_redirects=False,
            skip_auto_headers=_NOT_OURS,
        ) as answer:
            self._gates[service].answered()
            await send(
                {"type": "http.response.start", "status": answer.status, "headers": returned(answer.raw_headers)}
            )
            is_whole = False
            while not is_whole:
                chunk = await answer.content.readany()
                is_whole = answer.content.at_eof()
                await send({"type": "http.response.body", "body": chunk, "more_body": not is_whole})


def _has_body(request: IncomingRequest) -> bool:
    return request.method != "GET"


def _headers(request: IncomingRequest, internal_token: str | None) -> dict[str, str]:
    headers = forwarded(request.headers) | outgoing_headers()
    if internal_token is not None:
        headers["authorization"] = f"Bearer {internal_token}"
    if _has_body(request) and b"transfer-encoding" not in request.headers:
        headers["content-length"] = request.headers.get(b"content-length", b"0").decode()
    return headers


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
