"""What uvicorn's HTTP protocol leaves open and an ASGI application can no longer see."""

from typing import Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_LARGEST_HEAD: Final = 64 * 1024


class StrictProtocol(HttpToolsProtocol):
    """Refuses a request target that is not in origin form (RFC 9112, 3.2.1), and a head that never ends, with 400."""

    _head_size = 0

    @override
    def on_message_begin(self) -> None:
        self._head_size = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._count(url)
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(name + value)
        super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        # The parser keeps the path of an absolute target and drops its host, and drops a fragment.
        if not self.url.startswith(b"/") or b"#" in self.url:
            raise ValueError("the request target is not in origin form")
        super().on_headers_complete()

    def _count(self, read: bytes) -> None:
        self._head_size += len(read)
        if self._head_size > _LARGEST_HEAD:
            raise ValueError("the head of the request is too large")
