"""Connections to one service: HTTP/1.1 kept alive, requests written and answers handed on as they come.

A client of our own on the parser that also reads what callers send: the usual client libraries cost more processor time
a request than everything else that the gateway does with it. It knows what this way needs and nothing more: no
redirects, cookies, proxies or encodings, and every answer says where it ends (RFC 9112, 6.3), by length or by chunks.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import httptools
from typing_extensions import override

Field = tuple[bytes, bytes]

_CONNECT_SECONDS: Final = 2.0
# Well below what services keep a connection open for, so that no request meets one that is being closed.
_IDLE_SECONDS: Final = 15.0
_LARGEST_HEAD: Final = 64 * 1024
# What is read ahead of a caller who takes it slowly.
_MOST_AHEAD: Final = 256 * 1024
_FIRST_FINAL: Final = 200
_STATUSES: Final = range(100, 600)
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_BODILESS: Final = frozenset({204, 304})


class NoConnectionError(OSError):
    """Nobody accepts a connection; nothing was sent."""


class ConnectionBrokenError(OSError):
    """A connection ended, or what came was no answer, before the answer was whole."""


class Connection(asyncio.Protocol):
    """One connection, and the answer that is coming on it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self._heard: Callable[[], None] | None = None
        self._is_over = False
        self._is_paused = False
        self._idle_since = 0.0
        self._begin()

    def _begin(self) -> None:
        self.status = 0
        self.fields: list[Field] = []
        self._head_size = 0
        self._is_headed = False
        self._is_whole = False
        self._keeps_alive = False
        self._chunks: list[bytes] = []
        self._ahead = 0

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent on it."""
        return not self._is_over and self._loop.time() - self._idle_since < _IDLE_SECONDS

    async def ask(self, head: bytes, body: AsyncIterator[bytes] | None, *, is_chunked: bool) -> None:
        """Send a request, and wait for the head of its answer; the rest of the body may still be on its way then.

        Raises:
            ConnectionBrokenError: The connection ended before that.
            BaseException: Whatever reading the body raised.
        """
        self.begin(head)
        if body is not None:
            self._upload = asyncio.create_task(self._carry(body, is_chunked=is_chunked))
            self._upload.add_done_callback(self._wake)
        await self.headed()

    def begin(self, head: bytes, heard: Callable[[], None] | None = None) -> None:
        """Send a request without a body; `heard` is called once: something of its answer came, or none will."""
        self._begin()
        self._heard = heard
        self._transport.write(head)

    def take_over(self) -> None:
        """Call nobody any more about the answer that was begun: `headed` and `read` wait for it from now on."""
        self._heard = None

    async def headed(self) -> None:
        """Wait for the head of the answer; raises as `ask` does."""
        while not self._is_headed:
            await self._wait()

    @property
    def is_whole(self) -> bool:
        """Whether the answer is there to its end."""
        return self._is_whole and not self._is_over

    async def read(self) -> tuple[bytes, bool]:
        """Return what has come of the answer's body, waiting while that is nothing, and whether it is the last.

        Raises:
            ConnectionBrokenError: The connection ended before the answer did.
            BaseException: Whatever reading the request's body raised.
        """
        while not self._chunks and not self._is_whole:
            await self._wait()
        return self.take(), self._is_whole

    def take(self) -> bytes:
        """Return what has come of the answer's body since the last time."""
        read = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self._ahead = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return read

    @property
    def size(self) -> int:
        """How much of the answer's body has come, and is not taken yet."""
        return self._ahead

    def leave(self) -> bool:
        """End the exchange; true where the connection is good for another, otherwise it is closed at once."""
        self._heard = None
        upload, self._upload = self._upload, None
        is_sent = upload is None or (upload.done() and not upload.cancelled() and upload.exception() is None)
        if upload is not None and not upload.done():
            upload.cancel()
        if self._is_over or not (is_sent and self._is_whole and self._keeps_alive):
            self._transport.abort()
            return False
        self._idle_since = self._loop.time()
        return True

    def end(self) -> None:
        """Close it."""
        self._is_over = True
        self._transport.abort()

    async def _carry(self, body: AsyncIterator[bytes], *, is_chunked: bool) -> None:
        async for piece in body:
            if piece:
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
            if self._writer is not None:
                await self._writer
        if is_chunked:
            self._transport.write(b"0\r\n\r\n")

    async def _wait(self) -> None:
        if self._upload is not None and self._upload.done() and (error := self._upload.exception()) is not None:
            raise error
        if self._is_over:
            raise ConnectionBrokenError
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake(self, _done: object = None) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        if self._heard is not None:
            heard, self._heard = self._heard, None
            heard()

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # it is no datagram's
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_over = True
        if self._is_over:
            self.end()
        self._wake()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        if self._writer is not None and not self._writer.done():
            self._writer.set_exception(ConnectionBrokenError())
            # Marked as seen: nobody may be waiting for it.
            self._writer.exception()
        self._wake()

    @override
    def pause_writing(self) -> None:
        self._writer = self._loop.create_future()

    @override
    def resume_writing(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None and not writer.done():
            writer.set_result(None)

    # What the parser calls; what it raises there would be lost, so a flag says that the connection is over.

    def on_message_begin(self) -> None:
        """End the connection where one answer is whole: nobody asked for this, so nobody may get it."""
        self._is_over = self._is_over or self._is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head, or of a trailer, which is dropped."""
        self._head_size += len(name) + len(value)
        if self._head_size > _LARGEST_HEAD:
            self._is_over = True
        elif not self._is_headed:
            self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Let the answer begin, unless this was an interim one (RFC 9110, 15.2)."""
        self.status = self._parser.get_status_code()
        if self.status not in _STATUSES:
            # RFC 9110, 15: others are invalid, and no server of ours could pass them on.
            self._is_over = True
            return
        if self.status < _FIRST_FINAL:
            self.fields.clear()
            return
        # Without its length an answer that breaks off looks like a whole one; with two, who reads which is open.
        framings = len([name for name, _ in self.fields if name in _FRAMING])
        self._is_over = self._is_over or (framings != 1 and self.status not in _BODILESS)
        self._is_headed = not self._is_over

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._chunks.append(body)
        self._ahead += len(body)
        if self._ahead > _MOST_AHEAD and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """Note that the answer is whole."""
        if self._is_headed:
            self._is_whole = True
            self._keeps_alive = self._parser.should_keep_alive()


class ConnectionPool:
    """The connections to one service, of which those that are idle are used again."""

    def __init__(self, url: str) -> None:
        """Take the service's base URL; nothing is connected yet."""
        parts = urlsplit(url)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname or ""
        self._port = parts.port or (80 if self._tls is None else 443)
        self.host = parts.netloc.encode("ascii")
        self.base = parts.path.rstrip("/").encode("ascii")
        self._idle: list[Connection] = []

    def begin(self, head: bytes, heard: Callable[[], None]) -> Connection | None:
        """Send a request without a body where a connection is idle; `ask` goes on with it, and `leave` ends it."""
        connection = self._idle_one()
        if connection is not None:
            connection.begin(head, heard)
        return connection

    async def ask(
        self,
        head: bytes,
        body: AsyncIterator[bytes] | None,
        *,
        is_chunked: bool,
        begun: Connection | None = None,
    ) -> Connection:
        """Send a request, once more where it has no body and the connection broke; `leave` takes the connection back.

        One that was `begun` without a body is not sent again before that.

        Raises:
            NoConnectionError: Nobody accepts a connection within two seconds.
            ConnectionBrokenError: The connection ended before the answer's head.
            BaseException: Whatever reading the body raised.
        """
        # A body that was begun cannot be sent again.
        if body is None:
            with suppress(ConnectionBrokenError):
                return await self._ask_once(head, None, is_chunked=False, begun=begun)
        return await self._ask_once(head, body, is_chunked=is_chunked)

    async def _ask_once(
        self,
        head: bytes,
        body: AsyncIterator[bytes] | None,
        *,
        is_chunked: bool,
        begun: Connection | None = None,
    ) -> Connection:
        connection = begun or self._idle_one() or await self._connect()
        try:
            await (connection.ask(head, body, is_chunked=is_chunked) if begun is None else connection.headed())
        except BaseException:
            self.leave(connection)
            raise
        return connection

    def leave(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it where its exchange did not end well."""
        if connection.leave():
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().end()

    def _idle_one(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable:
                return connection
            connection.end()
        return None

    async def _connect(self) -> Connection:
        connecting = asyncio.get_running_loop().create_connection(Connection, self._host, self._port, ssl=self._tls)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, connection = await connecting
        except OSError:
            # Also TimeoutError, which is one.
            raise NoConnectionError from None
        return connection
