"""The short way of a plain request: decided, forwarded and answered in callbacks, without a task or a layer.

Plain is what most requests are: a GET with a bearer token for a route of a service, which may be called, over a
connection that is there, and an answer that comes whole and soon; and the question of an engine about such a one.
Everything else, each refusal most of all, goes to the application, which decides it anew and says what there is to say.
"""

import asyncio
from time import monotonic
from typing import Any, Final

import structlog

from services.chassis.app import TIMEOUT_SECONDS, Application
from services.chassis.context import (
    TIMEOUT_HEADER,
    continue_trace,
    new_traceparent,
    outgoing_headers,
    trace_told,
)
from services.chassis.errors import ServiceError
from services.chassis.shortcut import Asked
from services.chassis.telemetry import Metrics, frames, request_lines
from services.gateway.proxy.dispatcher import Front
from services.gateway.proxy.engines import Engine, asked_about, told_of
from services.gateway.proxy.forwarding import BEGUN_KEY, Sending, lines_of
from services.gateway.proxy.headers import EMPTY_LINES, plain_lines, written
from services.gateway.proxy.origins import origin_lines
from services.gateway.proxy.requests import IncomingRequest, read_request
from services.policy.route import Route

_OK: Final = 200
_PATIENCE_SECONDS: Final = 1.0
"""After so long, or up to twice, an answer is awaited by the application, which has deadlines and can stream."""
_NOT_PLAIN: Final = frozenset({b"dpop", b"content-encoding", TIMEOUT_HEADER.encode()})
_TIME_LEFT: Final = f"{TIMEOUT_HEADER}: {int(TIMEOUT_SECONDS * 1000)}\r\n".encode()


class FrontDoor:
    """Takes what is plain of the requests to an application with a `Front`."""

    def __init__(self, app: Application) -> None:
        self._state = app.state
        self._metrics: Metrics = app.state.metrics
        self._log = structlog.get_logger()
        self._in_hand: dict[_InHand, None] = {}
        self._is_watching = False

    def take(self, asked: Asked) -> bool:
        """Answer a plain request, now or as soon as its service does; false where the application shall."""
        try:
            front: Front = self._state.equipment.front
            engine = front.engines.asking(asked.scope)
            return self._forward(front, asked) if engine is None else self._tell(engine, front, asked)
        except ServiceError:
            return False
        except Exception as error:  # noqa: BLE001 - the parser that calls would take it for a malformed request
            self.tell_failure(error)
            return asked.response_complete

    def _tell(self, engine: Engine, front: Front, asked: Asked) -> bool:
        request, _ = asked_about(engine, asked.scope)
        if not _NOT_PLAIN.isdisjoint(request.headers):
            return False
        passage = front.decisions.decide_at_once(request)
        if passage is None:
            return False
        fields = EMPTY_LINES + written(told_of(engine, passage, request))
        asked.answer(_OK, fields + origin_lines(front.origins, request.headers), b"")
        self.record(asked, passage.route, _OK)
        return True

    def _forward(self, front: Front, asked: Asked) -> bool:
        if asked.scope["method"] != "GET":
            return False
        request = read_request(asked.scope)
        if not _NOT_PLAIN.isdisjoint(request.headers):
            return False
        passage = front.decisions.decide_at_once(request)
        if passage is None:
            return False
        one = _InHand(self, front, asked)
        sent = front.forwarder.begin(request, passage, _onward(request), one.heard)
        if sent is None:
            front.decisions.forget(passage)
            return False
        one.sent = sent
        asked.on_left = one.left
        self._hold(one)
        return True

    def tell_failure(self, error: Exception) -> None:
        """Log what nobody foresaw."""
        self._log.error("short way failed", error_type=type(error).__name__, frames=frames(error))

    def record(self, asked: Asked, route: Route, status: int | None) -> None:
        """Count and log an answer, or that its caller did not wait for one."""
        seconds = monotonic() - asked.arrived
        self._metrics.observe(route.operation_id, status, seconds)
        request_lines.add(None, route.operation_id, asked.scope["method"], status, seconds)

    def _hold(self, one: "_InHand") -> None:
        self._in_hand[one] = None
        if not self._is_watching:
            self._is_watching = True
            asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._watch)

    def let_go(self, one: "_InHand") -> None:
        """Watch an exchange no longer."""
        self._in_hand.pop(one, None)

    def _watch(self) -> None:
        since = monotonic() - _PATIENCE_SECONDS
        for one in [one for one in self._in_hand if one.asked.arrived <= since]:
            one.hand_over()
        self._is_watching = bool(self._in_hand)
        if self._is_watching:
            asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._watch)


class _InHand:
    """One exchange whose answer is awaited."""

    __slots__ = ("_door", "_front", "_is_ended", "asked", "sent")

    sent: Sending

    def __init__(self, door: FrontDoor, front: Front, asked: Asked) -> None:
        self._door = door
        self._front = front
        self._is_ended = False
        self.asked = asked

    def heard(self) -> None:
        """Pass a whole answer on, and let the application do what it can with anything else."""
        try:
            self._pass_on()
        except Exception as error:  # noqa: BLE001 - the loop that calls would close the service's connection, and no more
            self._door.tell_failure(error)
            self._give_up()

    def _pass_on(self) -> None:
        answer: Any = self.sent.connection
        fields = plain_lines(answer.fields, answer.size) if answer.is_whole else None
        if fields is None:
            self.hand_over()
            return
        self._door.let_go(self)
        status, body = answer.status, answer.take()
        self._end()
        self.asked.answer(status, fields + origin_lines(self._front.origins, self.sent.request.headers), body)
        self._door.record(self.asked, self.sent.route, status)

    def left(self) -> None:
        """Tell the service that nobody waits any more."""
        self._door.let_go(self)
        self._end()
        self._door.record(self.asked, self.sent.route, None)

    def _end(self) -> None:
        self._is_ended = True
        self._front.forwarder.end(self.sent)

    def _give_up(self) -> None:
        """Let the application ask the service anew, where the caller has not had an answer."""
        self._door.let_go(self)
        if not self._is_ended:
            # What is left in it nobody knows.
            assert self.sent.connection is not None  # noqa: S101 - it was begun
            self.sent.connection.end()
            self._end()
        if not self.asked.response_complete:
            self.asked.hand_over({})

    def hand_over(self) -> None:
        """Let the application await the answer."""
        assert self.sent.connection is not None  # noqa: S101 - it was begun
        self.sent.connection.take_over()
        self._door.let_go(self)
        self.asked.hand_over({BEGUN_KEY: self.sent})


def _onward(request: IncomingRequest) -> bytes:
    """Return the lines by which the service goes on with the trace, and knows the time left."""
    told = trace_told(request.headers)
    if not told:
        return b"traceparent: %b\r\n%b" % (new_traceparent(), _TIME_LEFT)
    return lines_of(outgoing_headers(continue_trace(told))) + _TIME_LEFT
