"""A transport that sends in one system call what is written in one turn of the event loop."""

import asyncio
from typing import Any, Final

from typing_extensions import override

# What waits for the end of a turn at most; a writer that never waits would pile up a whole body otherwise.
_LARGEST: Final = 64 * 1024


class GatheredTransport(asyncio.Transport):
    """Writes to another transport at the end of the turn: the head of an answer goes out with its body.

    A stream's first piece waits for nothing else: it leaves before the loop looks for new events. Reading, flow control
    and everything else is the other transport's.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._pieces:
            self._loop.call_soon(self._send)
        self._pieces.append(bytes(data))
        self._size += len(data)
        if self._size > _LARGEST:
            self._send()

    def write_whole(self, data: bytes) -> None:
        """Send what nothing follows, with what was written before it."""
        if self._pieces:
            self._pieces.append(data)
            self._send()
        elif not self._transport.is_closing():
            self._transport.write(data)

    @override
    def close(self) -> None:
        self._send()
        self._transport.close()

    @override
    def abort(self) -> None:
        self._pieces.clear()
        self._transport.abort()

    @override
    def is_closing(self) -> bool:
        return self._transport.is_closing()

    @override
    def pause_reading(self) -> None:
        self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        self._transport.resume_reading()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def _send(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if pieces and not self._transport.is_closing():
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
