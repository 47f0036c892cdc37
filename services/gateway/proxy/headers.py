"""Which header fields pass, in each direction; a list of what may, never of what may not."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.chassis.edge import SECURITY_HEADERS, App, Receive, Scope, Send
from services.gateway.dpop.rules import ALGORITHMS

_REQUEST: Final = (
    b"accept",
    b"accept-language",
    b"content-type",
    b"idempotency-key",
    b"if-match",
    b"if-none-match",
    b"last-event-id",
    b"webhook-id",
    b"webhook-signature",
    b"webhook-timestamp",
)
_RESPONSE: Final = frozenset(
    {
        b"allow",
        b"cache-control",
        b"content-disposition",
        b"content-language",
        b"content-length",
        b"content-type",
        b"etag",
        b"idempotency-replayed",
        b"last-modified",
        b"link",
        b"location",
        b"retry-after",
        b"vary",
        b"www-authenticate",
        b"x-accel-buffering",
    }
)
_SECURITY: Final = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-frame-options", b"DENY"),
)


_RESOURCE_METADATA: Final = "/.well-known/oauth-protected-resource"
_LENGTH: Final = b"content-length"
_CHALLENGE: Final = b"www-authenticate"
_PROOF: Final = b"dpop"
_BEARER: Final = b"Bearer "
_DPOP: Final = b"DPoP "
_ALGORITHMS: Final = f', algs="{" ".join(ALGORITHMS)}"'.encode()


def forwarded(headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the request's fields that a service gets as they came; identity, host and hop-by-hop fields are not."""
    return [(name, headers[name]) for name in _REQUEST if name in headers]


def returned(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return those of the response's fields, named in lower case, that the caller gets."""
    return [field for field in fields if field[0] in _RESPONSE]


def written(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Write fields as the lines of a head; none can hold a line end, a parser saw to that."""
    return b"".join([b"%b: %b\r\n" % field for field in fields])


_ADDED: Final = (*SECURITY_HEADERS, *_SECURITY)
# What a service may say itself is not said for it.
_ALWAYS: Final = written(field for field in _ADDED if field[0] not in _RESPONSE)
_OTHERWISE: Final = {field[0]: written([field]) for field in _ADDED if field[0] in _RESPONSE}
EMPTY_LINES: Final = written([*_ADDED, (_LENGTH, b"0")])
"""Those of an answer of ours without a body."""


def plain_lines(fields: Iterable[tuple[bytes, bytes]], size: int) -> bytes | None:
    """Return the lines of an answer as the layers write them, or None where one of them has more to do.

    That is where it does not say its `size` by a length, and where it asks the caller for a token.
    """
    lines, names = [_ALWAYS], set()
    for name, value in fields:
        if name in _RESPONSE:
            names.add(name)
            lines.append(b"%b: %b\r\n" % (name, value))
            if name == _LENGTH and value != b"%d" % size:
                return None
    if _LENGTH not in names or _CHALLENGE in names:
        return None
    lines += [line for name, line in _OTHERWISE.items() if name not in names]
    return b"".join(lines)


class SecurityHeaders:
    """The outermost ASGI layer: tells browsers what an answer of this API may do, which is nothing.

    It tells clients that are refused where to ask for a token (RFC 9728, 5.1), whichever service refused them.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""

        async def send_secured(message: Scope) -> None:
            if message["type"] == "http.response.start":
                fields = message["headers"]
                names, asked = {name for name, _ in fields}, dict(scope["headers"])
                if _CHALLENGE in names:
                    fields = _challenging(fields, asked, scope["app"].state.equipment.oauth.issuer)
                if _PROOF in asked:
                    # The next proof may hold it, and is refused where it holds one that is over (RFC 9449, 8.2).
                    process = scope["app"].state.process
                    nonce = scope["app"].state.equipment.nonces.current(process.clock.now())
                    fields = [*fields, (b"dpop-nonce", nonce.encode("ascii"))]
                message["headers"] = [*fields, *(field for field in _SECURITY if field[0] not in names)]
            await send(message)

        await self._app(scope, receive, send_secured)


def _challenging(
    fields: Iterable[tuple[bytes, bytes]], asked: Mapping[bytes, bytes], issuer: str
) -> list[tuple[bytes, bytes]]:
    is_proving = asked.get(b"authorization", b"").lower().startswith(b"dpop ")
    where = f', resource_metadata="{issuer}{_RESOURCE_METADATA}"'.encode()
    return [
        (name, _challenge(value, where, is_proving=is_proving) if name == _CHALLENGE else value)
        for name, value in fields
    ]


def _challenge(told: bytes, where: bytes, *, is_proving: bool) -> bytes:
    # Who came with the scheme DPoP is answered in it (RFC 9449, 7.1), whichever service refuses: it saw another token.
    if is_proving and told.startswith(_BEARER):
        told = _DPOP + told.removeprefix(_BEARER)
    return told + _ALGORITHMS + where if told.startswith(_DPOP) else told + where
