"""Server-sent events (WHATWG HTML, 9.2): an answer that goes on, and can be taken up again where it broke off."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from services.chassis.context import current

HEARTBEAT_SECONDS: Final = 15.0
"""The longest silence: proxies close what is silent for longer, and nobody else notices that a caller has left."""

_MARGIN_SECONDS: Final = 5.0
_STILL_HERE: Final = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `id` is what the caller sends back as Last-Event-ID, and `data` is one line of JSON."""

    id: str
    name: str
    data: str

    def encoded(self) -> bytes:
        """Write the event as it is sent."""
        return f"id: {self.id}\nevent: {self.name}\ndata: {self.data}\n\n".encode()


class EventStream(StreamingResponse):
    """Sends events as they come; None is a heartbeat, to come every `HEARTBEAT_SECONDS` where nothing else does.

    The first is awaited before the status leaves, so that a refusal is still an answer. Before the deadline of the
    request the stream ends in good order, and the caller asks again with Last-Event-ID.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[Event | None, None]) -> None:
        self._events = events
        # nginx would otherwise hold the events back until a buffer is full.
        super().__init__(self._chunks(), headers={"x-accel-buffering": "no"})
        self._first: Event | None = None

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._events):
            self._first = await anext(self._events)
            await super().__call__(scope, receive, send)

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield _chunk(self._first)
        while _has_time():
            try:
                event = await anext(self._events)
            except StopAsyncIteration:
                return
            yield _chunk(event)


def _chunk(event: Event | None) -> bytes:
    return _STILL_HERE if event is None else event.encoded()


def _has_time() -> bool:
    remaining = current().remaining()
    return remaining is None or remaining > HEARTBEAT_SECONDS + _MARGIN_SECONDS


def documented_events(description: str) -> dict[int | str, dict[str, Any]]:
    """Document a route that answers with events, or with 204 where there is nothing left to send."""
    return {
        200: {"description": description, "content": {"text/event-stream": {"schema": {"type": "string"}}}},
        204: {"description": "The last event has been sent: do not ask again"},
    }
