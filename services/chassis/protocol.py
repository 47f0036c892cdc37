"""What uvicorn's HTTP protocol leaves open and an ASGI application can no longer see."""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.chassis.edge import ARRIVED_KEY
from services.chassis.shortcut import Asked, Scope, Shortcut
from services.chassis.transport import GatheredTransport

_LARGEST_HEAD: Final = 64 * 1024
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_WITH_BODY: Final = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_MALFORMED: Final = (
    b'{"type":"urn:eventide:problem:malformed-request","title":"Malformed request","status":400,'
    b'"detail":"Send HTTP/1.1 as RFC 9112 writes it, with the target in origin form."}'
)


class StrictProtocol(HttpToolsProtocol):
    """Refuses with 400 what RFC 9112 does not allow, and ends connections on which the other side dawdles.

    uvicorn's own limit holds between requests only: not for a head or the rest of a body that comes byte by byte, nor
    for an answer that is never read. How long a body may take that somebody waits for is the deadline of its request.
    """

    head_seconds: ClassVar[float] = 10.0
    """From the first byte of a head to its last, and for the rest of a body after its answer."""
    write_seconds: ClassVar[float] = 30.0
    """For the other side to take what waits to be sent."""

    _shortcut: Shortcut | None = None
    _asked: Asked | None = None
    _head_size = 0
    _is_in_head = False
    _has_body = False
    _has_asked = False
    _idle_since: float | None = None
    _reading: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # narrowed as uvicorn does
        self._gathered = GatheredTransport(transport, self.loop)
        super().connection_made(self._gathered)
        self._shortcut = getattr(self.app, "shortcut", None)
        self._await_bytes()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_awaiting_bytes()
        self._stop_awaiting_reader()
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        if self._asked is not None and self._asked.on_left is not None:
            self._asked.on_left()
        self._asked = None

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # A head that came whole needs no timer. Between requests the parser skips line ends without a word.
        if self._is_in_head or (self._idle_since is None and self._is_idle()):
            self._await_bytes()

    @override
    def on_message_begin(self) -> None:
        self._head_size = 0
        self._is_in_head = True
        self._has_body = False
        # As the other's method does, but for the scope: what takes the short way needs none.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    @override
    def on_url(self, url: bytes) -> None:
        self._head_size += len(url)
        self.url += url
        self._check_size()

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > _LARGEST_HEAD:
            self._check_size()
        name = name.lower()
        # What asks for an interim answer, or may have a body, is for uvicorn to read.
        if name in _WITH_BODY:
            self._has_body = True
            super().on_header(name, value)
        else:
            self.headers.append((name, value))

    @override
    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._stop_awaiting_bytes()
        # The parser keeps the path of an absolute target and drops its host, and drops a fragment.
        if not self.url.startswith(b"/") or b"#" in self.url:
            raise ValueError("the request target is not in origin form")
        if self.parser.get_http_version() not in _VERSIONS:
            raise ValueError("the version of HTTP is another")
        if not self._is_taken():
            self._take_the_long_way()
        self._has_asked = True

    def _is_taken(self) -> bool:
        """Offer the short way a request that has no body, and waits for no other to be answered."""
        if self._shortcut is None or self._has_body or not self._is_idle() or self.flow.write_paused:
            return False
        raw_path, _, query = self.url.partition(b"?")
        parser = self.parser
        scope = {
            "http_version": parser.get_http_version(),
            "method": parser.get_method().decode("ascii"),
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
        }
        keep_alive = scope["http_version"] != "1.0" and parser.should_keep_alive()
        before, self._asked = self.cycle, Asked(self, scope, keep_alive=keep_alive)
        self.cycle = self._asked  # type: ignore[assignment] # as long as it has no cycle of its own
        if self._shortcut.take(self._asked):
            return True
        self.cycle = before
        return False

    def _take_the_long_way(self) -> None:
        url, headers, is_expecting = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, is_expecting
        self.headers += headers
        super().on_headers_complete()

    def start(self, asked: Asked, told: Mapping[str, Any]) -> None:
        """Let the application answer what took the short way; other requests may have come since."""
        raw_path: bytes = asked.scope["raw_path"]
        scope: Scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "server": self.server,
            "scheme": self.scheme,
            "root_path": self.root_path,
            "state": self.app_state.copy(),
            "path": raw_path.decode("ascii"),
            ARRIVED_KEY: asked.arrived,
            **asked.scope,
            **told,
        }
        cycle = RequestResponseCycle(
            scope=scope,  # type: ignore[arg-type] # it has what one of HTTP has
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=asked.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        latest: Any = self.cycle
        if latest is asked:
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def write_whole(self, head: bytes, body: bytes, *, is_last: bool) -> None:
        """Send an answer of the short way, and close the connection behind the last."""
        for field in self.server_state.default_headers:
            head += b"%b: %b\r\n" % field
        ending = b"connection: close\r\n\r\n" if is_last else b"\r\n"
        self._gathered.write_whole(b"".join((head, ending, body)))
        if is_last:
            self.transport.close()
        self.on_response_complete()

    def give_up(self) -> None:
        """End the connection, on which no answer comes."""
        self.transport.abort()

    @override
    def on_message_complete(self) -> None:
        self._stop_awaiting_bytes()
        latest: Any = self.cycle
        if type(latest) is not Asked:
            super().on_message_complete()

    @override
    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._await_reader()
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._await_request(self.timeout_keep_alive)
        if self.cycle.more_body:
            self._await_bytes()

    @override
    def pause_writing(self) -> None:
        self._await_reader()
        super().pause_writing()

    @override
    def resume_writing(self) -> None:
        self._stop_awaiting_reader()
        super().resume_writing()

    @override
    def _unset_keepalive_if_required(self) -> None:
        # The timer stays: to stop and start one costs more at each request than to look again when it is up.
        self._idle_since = None

    def _await_request(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    @override
    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._await_request(left)
        else:
            # Closing would wait for what the other side has not read yet.
            self.transport.abort()

    @override
    def send_400_response(self, msg: str) -> None:
        head = (
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n"
            b"x-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(_MALFORMED)
        )
        self.transport.write(head + _MALFORMED)
        self.transport.close()
        self._await_reader()

    def _is_idle(self) -> bool:
        return not self._has_asked or self.cycle.response_complete

    def _check_size(self) -> None:
        if self._head_size > _LARGEST_HEAD:
            raise ValueError("the head of the request is too large")

    def _await_bytes(self) -> None:
        if self._reading is None:
            self._reading = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop_awaiting_bytes(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _await_reader(self) -> None:
        if self._writing is None:
            self._writing = self.loop.call_later(self.write_seconds, self.transport.abort)

    def _stop_awaiting_reader(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
