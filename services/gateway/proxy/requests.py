"""Which requests are read at all: those that no two parsers could understand differently.

The decision and the forwarding use the same bytes, so a path that needs decoding is refused instead of decoded
(Authelia GHSA-68wm, Envoy CVE-2021-32779, Caddy CVE-2026-27587 came from doing both).
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, Final, NamedTuple

from services.gateway.errors import HeadersTooLargeError, MalformedRequestError

MOST_HEADERS: Final = 64
LARGEST_HEAD: Final = 16 * 1024

# Segments of the characters that our identifiers, dates and verbs are made of; none is only dots.
_CANONICAL_PATH: Final = re.compile(rb"/|(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~:$-]+)+")
_HEADER_NAME: Final = re.compile(rb"[a-z0-9-]+")
_UNSAFE_QUERY: Final = re.compile(rb"[^\x21\x24-\x7e]")
_CONTENT_LENGTH: Final = re.compile(rb"[0-9]{1,12}")
_SINGLE: Final = frozenset(
    {b"host", b"authorization", b"dpop", b"content-length", b"content-type", b"transfer-encoding"}
)
_DPOP: Final = b"dpop"
# Names that most requests have, so that they need no reading.
_USUAL: Final = _SINGLE | {b"accept", b"accept-encoding", b"accept-language", b"user-agent", b"connection", b"cookie"}
_SCHEMES: Final = frozenset({b"bearer", _DPOP})
_BODILESS: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})

Headers = Sequence[tuple[bytes, bytes]]


class SentToken(NamedTuple):
    """An access token as it was sent."""

    text: str
    is_proved: bool
    """Whether it came with the scheme DPoP (RFC 9449, 7.1), and not as a bearer token (RFC 6750, 2.1)."""


class IncomingRequest(NamedTuple):
    """A request that is safe to decide on."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    """By lower-case name; of a name sent several times the last, and those that matter come once."""

    @property
    def target(self) -> str:
        """The path and query as they came."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def token(self) -> SentToken | None:
        """The access token, or None where there is none."""
        sent = self.headers.get(b"authorization")
        if sent is None:
            return None
        scheme, _, token = sent.partition(b" ")
        scheme = scheme.lower()
        if not token or scheme not in _SCHEMES:
            return None
        return SentToken(token.strip().decode("latin-1"), is_proved=scheme == _DPOP)

    @property
    def proof(self) -> str:
        """The proof of possession (RFC 9449, 4.1), empty where there is none."""
        return self.headers.get(b"dpop", b"").decode("latin-1")


def read_request(scope: MutableMapping[str, Any]) -> IncomingRequest:
    """Read the head of an ASGI request.

    Raises:
        HeadersTooLargeError: More than 64 fields, or more than 16 KiB with the target.
        MalformedRequestError: It could be read in two ways.
    """
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    headers: Headers = scope["headers"]
    _check_size(raw_path, query, headers)
    if _CANONICAL_PATH.fullmatch(raw_path) is None:
        raise MalformedRequestError("Write the path without escapes, empty segments or dot segments.")
    if query and _UNSAFE_QUERY.search(query) is not None:
        raise MalformedRequestError("Percent-encode what is not printable ASCII in the query.")
    by_name = dict(headers)
    _check_fields(headers, by_name)
    _check_framing(scope["method"], by_name)
    return IncomingRequest(scope["method"], raw_path.decode("ascii"), query.decode("ascii"), by_name)


def _check_size(raw_path: bytes, query: bytes, headers: Headers) -> None:
    size = len(raw_path) + len(query)
    for name, value in headers:
        size += len(name) + len(value)
    if len(headers) > MOST_HEADERS or size > LARGEST_HEAD:
        raise HeadersTooLargeError(MOST_HEADERS, LARGEST_HEAD)


def _check_fields(headers: Headers, by_name: Mapping[bytes, bytes]) -> None:
    for name in by_name:
        # A proxy that folds `_` or `.` to `-` would let X_User pass for X-User (Traefik 3.7.10).
        if name not in _USUAL and _HEADER_NAME.fullmatch(name) is None:
            raise MalformedRequestError("Name header fields with letters, digits and hyphens only.")
    if len(by_name) < len(headers):
        _check_repeated(name for name, _ in headers)
    if b"host" not in by_name:
        raise MalformedRequestError("Send host (RFC 9112, 3.2).")


def _check_repeated(names: Iterable[bytes]) -> None:
    seen: set[bytes] = set()
    for name in names:
        if name in seen and name in _SINGLE:
            raise MalformedRequestError(f"Send {name.decode()} once.")
        seen.add(name)


def _check_framing(method: str, headers: dict[bytes, bytes]) -> None:
    length = headers.get(b"content-length")
    if length is not None and (b"transfer-encoding" in headers or _CONTENT_LENGTH.fullmatch(length) is None):
        raise MalformedRequestError("Send either one decimal content-length or transfer-encoding (RFC 9112, 6.3).")
    has_body = b"transfer-encoding" in headers or (length is not None and int(length) > 0)
    if has_body and method in _BODILESS:
        raise MalformedRequestError("Send this method without a body.")
