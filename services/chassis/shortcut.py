"""A way past the application for requests that need no task of their own: answered at once, or from a callback.

A task, its messages and each layer around an application cost more than many an answer. What takes the short way must
be as the application would have it, and whatever is not plain goes to the application, which decides it anew.
"""

from collections.abc import Callable, Mapping, MutableMapping
from time import monotonic
from typing import Any, Final, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

Scope = MutableMapping[str, Any]


class _Nobody:
    """Nobody waits for messages of a request without a task."""

    def set(self) -> None:
        """Wake nobody."""


class Server(Protocol):
    """What a request has come in on."""

    def write_whole(self, head: bytes, body: bytes, *, is_last: bool) -> None:
        """Send an answer whose head is to be ended, and close the connection behind the last."""

    def give_up(self) -> None:
        """End the connection, on which no answer comes."""

    def start(self, asked: "Asked", told: Mapping[str, Any]) -> None:
        """Let the application answer, with this in the scope besides."""


class Asked:
    """A request without a body, and the way to answer it: once, by one of the two methods.

    Its server keeps it where it keeps the cycle of any other request, so it looks like one from there.
    """

    __slots__ = ("_server", "arrived", "disconnected", "keep_alive", "on_left", "response_complete", "scope")

    more_body: Final = False
    message_event: Final = _Nobody()

    def __init__(self, server: Server, scope: Scope, *, keep_alive: bool) -> None:
        self._server = server
        self.scope = scope
        """What of a scope the short way looks at: version, method, `raw_path`, query, headers, client."""
        self.keep_alive = keep_alive
        self.arrived = monotonic()
        self.on_left: Callable[[], None] | None = None
        """Called where the caller leaves before the answer; nothing is to be answered then."""
        self.disconnected = False
        self.response_complete = False
        """Whether a whole answer was sent."""

    def answer(self, status: int, fields: bytes, body: bytes) -> None:
        """Send a whole answer in one piece; `fields` are whole lines, and say how long the body is.

        Where it cannot be sent the connection ends: nobody else would tell the caller that nothing comes.
        """
        self.on_left = None
        self.response_complete = True
        try:
            self._server.write_whole(STATUS_LINE[status] + fields, body, is_last=not self.keep_alive)
        except BaseException:
            self._server.give_up()
            raise

    def hand_over(self, told: Mapping[str, Any]) -> None:
        """Let the application answer instead, within the time that is left; nothing of an answer was sent.

        It finds in the scope what it is told.
        """
        self.on_left = None
        self._server.start(self, told)


class Shortcut(Protocol):
    """What an application has as `shortcut`, where it has a short way."""

    def take(self, asked: Asked) -> bool:
        """Answer a request now or later, or say no; then nothing was done, and the application answers it."""
