"""A way past the application for requests that need no task of their own: answered at once, or from a callback.

A task, its messages and each layer around an application cost more than many an answer. What takes the short way must
be as the application would have it, and whatever is not plain goes to the application, which decides it anew.
"""

from collections.abc import Callable, MutableMapping
from time import monotonic
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from services.chassis.edge import ARRIVED_KEY
from services.chassis.transport import GatheredTransport

Scope = MutableMapping[str, Any]


class Asked:
    """A request without a body, and the way to answer it: once, by one of the two methods."""

    __slots__ = ("_cycle", "_start", "_transport", "arrived", "on_left", "scope")

    def __init__(
        self,
        cycle: RequestResponseCycle,
        transport: GatheredTransport,
        start: Callable[[RequestResponseCycle], None],
    ) -> None:
        self._cycle = cycle
        self._transport = transport
        self._start = start
        self.scope: Scope = cast("Scope", cycle.scope)
        self.arrived = monotonic()
        self.on_left: Callable[[], None] | None = None
        """Called where the caller leaves before the answer; nothing is to be answered then."""

    @property
    def is_answered(self) -> bool:
        """Whether a whole answer was sent."""
        return self._cycle.response_complete

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Send a whole answer in one piece; `fields` are whole lines, and say how long the body is."""
        cycle = self._cycle
        self.on_left = None
        closing = b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n"
        for field in cycle.default_headers:
            fields += b"%b: %b\r\n" % field
        self._transport.write_whole(b"".join((STATUS_LINE[status], fields, closing, body)))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def hand_over(self) -> None:
        """Let the application answer instead, within the time that is left; nothing of an answer was sent."""
        self.on_left = None
        self.scope[ARRIVED_KEY] = self.arrived
        self._start(self._cycle)


class Shortcut(Protocol):
    """What an application has as `shortcut`, where it has a short way."""

    def take(self, asked: Asked) -> bool:
        """Answer a request now or later, or say no; then nothing was done, and the application answers it."""
