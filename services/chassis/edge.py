"""The outermost layer of every service, in plain ASGI: context, limits, deadline, and the last catch.

Plain ASGI because the framework's middleware base class runs the application in another task, and a cancelled task
there can leave a database connection open (SQLAlchemy #12077).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from typing import Any, Final

import structlog
from asyncpg import (
    AdminShutdownError,
    CannotConnectNowError,
    ConnectionDoesNotExistError,
    ConnectionFailureError,
    CrashShutdownError,
    DeadlockDetectedError,
    IdleInTransactionSessionTimeoutError,
    InterfaceError,
    LockNotAvailableError,
    PostgresConnectionError,
    QueryCanceledError,
    SerializationError,
    TooManyConnectionsError,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.responses import Response

from services.chassis.context import TIMEOUT_HEADER, RequestContext, enter, trace_told
from services.chassis.errors import (
    BodyTooLargeError,
    ContentionError,
    DatabaseInterruptedError,
    DatabaseUnavailableError,
    DeadlineExceededError,
    ServiceError,
)
from services.chassis.problems import problem_document, problem_response, respond_to
from services.chassis.telemetry import Metrics, frames, request_lines
from services.contracts.problems import ProblemType
from services.policy.matching import routes_at
from services.policy.route import Route

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ARRIVED_KEY: Final = "arrived"
"""In the scope of a request that was in hand before it came to the application: since when, by the monotonic clock."""
_TIMEOUT: Final = TIMEOUT_HEADER.encode()
SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_MEANINGS: Final[tuple[tuple[tuple[type[BaseException], ...], Callable[[], ServiceError]], ...]] = (
    ((TimeoutError, QueryCanceledError), DeadlineExceededError),
    ((DeadlockDetectedError, SerializationError, LockNotAvailableError), ContentionError),
    (
        (
            ConnectionDoesNotExistError,
            ConnectionFailureError,
            AdminShutdownError,
            CrashShutdownError,
            IdleInTransactionSessionTimeoutError,
        ),
        DatabaseInterruptedError,
    ),
    (
        (
            PoolTimeoutError,
            PostgresConnectionError,
            CannotConnectNowError,
            TooManyConnectionsError,
            ConnectionError,
        ),
        DatabaseUnavailableError,
    ),
)


class Edge:
    """Wraps an application so that whatever happens inside is answered by a problem document."""

    def __init__(self, app: App, *, metrics: Metrics, timeout_seconds: float, body_limit: int) -> None:
        self._app = app
        self._metrics = metrics
        self._timeout = timeout_seconds
        self._body_limit = body_limit
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        now = monotonic()
        started: float = scope.get(ARRIVED_KEY, now)
        headers = dict(scope["headers"])
        route = routes_at(scope["path"]).get(scope["method"])
        longest = self._longest_seconds(route)
        seconds = allowed_seconds(headers.get(_TIMEOUT), longest)
        context = RequestContext(deadline=started + seconds, is_hurried=seconds < longest, told=trace_told(headers))
        enter(context)
        exchange = _Exchange(receive, send, self._largest_body(route))
        try:
            await self._serve(scope, exchange, headers, seconds - (now - started))
        finally:
            self._record(scope, exchange.status, monotonic() - started, context)

    async def _serve(self, scope: Scope, exchange: "_Exchange", headers: dict[bytes, bytes], seconds: float) -> None:
        try:
            exchange.refuse_declared_size(headers.get(b"content-length"))
            if b"content-encoding" in headers:
                await exchange.answer(scope, _unsupported_encoding())
                return
            async with asyncio.timeout(seconds):
                await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the last catch: a stranger's connection gets an answer, and we a log line
            await self._answer_failure(scope, exchange, error)

    async def _answer_failure(self, scope: Scope, exchange: "_Exchange", error: Exception) -> None:
        # The framework wraps what is raised while it reads a body, so the count is asked, not the error.
        refusal = exchange.too_large() if exchange.is_too_large else _as_refusal(error)
        if refusal is None:
            self._log.error("request failed", error_type=type(error).__name__, frames=frames(error))
        if exchange.status is not None:
            raise ConnectionAbortedError from None  # half an answer must not look like a whole one
        await exchange.answer(scope, respond_to(refusal) if refusal is not None else _internal_error())

    def _longest_seconds(self, route: Route | None) -> float:
        return self._timeout if route is None or route.deadline_seconds is None else route.deadline_seconds

    def _largest_body(self, route: Route | None) -> int:
        return self._body_limit if route is None or route.largest_body is None else route.largest_body

    def _record(self, scope: Scope, status: int | None, seconds: float, context: RequestContext) -> None:
        operation = getattr(scope.get("route"), "operation_id", None) or "none"
        self._metrics.observe(operation, status, seconds)
        request_lines.add(context.request_id, operation, scope["method"], status, seconds)


class _Exchange:
    """One request and its answer: counts the body, and knows whether an answer has begun."""

    def __init__(self, receive: Receive, send: Send, body_limit: int) -> None:
        self._receive = receive
        self._send = send
        self._limit = body_limit
        self._received = 0
        self.status: int | None = None

    @property
    def is_too_large(self) -> bool:
        return self._received > self._limit

    def too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(self._limit)

    def refuse_declared_size(self, content_length: bytes | None) -> None:
        if content_length is not None and content_length.isdigit() and int(content_length) > self._limit:
            raise self.too_large()

    async def receive(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            if self.is_too_large:
                raise self.too_large()
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            if self.is_too_large and message["status"] != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                # The framework turns an error in reading a body into its own 400.
                raise self.too_large()
            self.status = message["status"]
            names = {name for name, _ in message["headers"]}
            message["headers"] = [
                *message["headers"],
                *(pair for pair in SECURITY_HEADERS if pair[0] not in names),
            ]
        await self._send(message)

    async def answer(self, scope: Scope, response: Response) -> None:
        with suppress(ConnectionError):
            await response(scope, self._receive, self.send)


def allowed_seconds(header: bytes | None, longest: float) -> float:
    """Return how long a request may take whose caller waits for so many milliseconds, as its header says."""
    if header is None or not header.isdigit() or len(header) > 9:  # noqa: PLR2004 - 10^9 ms is longer than any request
        return longest
    return min(longest, int(header) / 1000)


def _as_refusal(error: BaseException) -> ServiceError | None:
    """Say what a failure means to the caller, however SQLAlchemy has wrapped it; None for what nobody foresaw."""
    if isinstance(error, ServiceError):
        return error
    for kinds, refusal in _MEANINGS:
        if isinstance(error, kinds):
            return refusal()
    # The driver has no class of its own for this; it says it too when it ends the transaction of a dead connection.
    if isinstance(error, InterfaceError) and "closed" in str(error):
        return DatabaseInterruptedError()
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return DatabaseInterruptedError()
        cause = error.orig.__cause__ if error.orig is not None else None
        return _as_refusal(cause) if cause is not None else None
    return None


def _internal_error() -> Response:
    return problem_response(
        problem_document(
            ProblemType.INTERNAL_ERROR,
            "Something went wrong on our side; quote instance to support.",
        )
    )


def _unsupported_encoding() -> Response:
    return problem_response(
        problem_document(ProblemType.UNSUPPORTED_MEDIA_TYPE, "Send the body as it is, without Content-Encoding.")
    )
