"""Which pages of other origins may read our answers in a browser (Fetch, CORS): those that an operator registered."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.chassis.edge import App, Receive, Scope, Send
from services.gateway.proxy.headers import written
from services.policy.matching import routes_at

Fields = list[tuple[bytes, bytes]]

_SENDABLE: Final = b"authorization, content-type, dpop, idempotency-key, if-match, if-none-match, last-event-id"
_READABLE: Final = b"dpop-nonce, etag, idempotency-replayed, location, retry-after, www-authenticate"
_REMEMBERED_SECONDS: Final = b"600"


class Origins:
    """The registered origins, byte for byte as browsers send them; `null` and `*` are none."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode("ascii") for origin in origins) - {b"null", b"*"}

    def __bool__(self) -> bool:
        return bool(self._origins)

    def answer_fields(self, origin: bytes | None) -> Fields:
        """Return what lets a page of this origin read an answer; never credentials, which no route of the API takes."""
        if origin not in self._origins or origin is None:
            return []
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _READABLE)]


def origin_lines(origins: Origins, headers: Mapping[bytes, bytes]) -> bytes:
    """Return as lines what the layer below marks an answer with, which says nothing of that itself."""
    if not origins:
        return b""
    fields = [*origins.answer_fields(headers.get(b"origin")), (b"vary", b"origin")]
    return written(fields)


class CrossOrigin:
    """Answers preflights for registered origins, and marks what their pages may read."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        origins: Origins | None = _origins(scope)
        if not origins:
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        fields = origins.answer_fields(headers.get(b"origin"))
        if fields and scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _answer_preflight(scope, fields, send)
            return

        async def send_marked(message: Scope) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in message["headers"]}
                # What a route says of itself goes first: discovery is open to every origin.
                allowed = [] if b"access-control-allow-origin" in named else fields
                message["headers"] = [*message["headers"], *allowed, (b"vary", b"origin")]
            await send(message)

        await self._app(scope, receive, send_marked)


def _origins(scope: Scope) -> Origins | None:
    if scope["type"] != "http":
        return None
    equipment = getattr(scope["app"].state, "equipment", None)
    return None if equipment is None else equipment.front.origins


async def _answer_preflight(scope: Scope, fields: Fields, send: Send) -> None:
    methods = ", ".join(sorted(routes_at(scope["path"]))).encode("ascii")
    answer = [
        *fields,
        (b"access-control-allow-methods", methods),
        (b"access-control-allow-headers", _SENDABLE),
        (b"access-control-max-age", _REMEMBERED_SECONDS),
        (b"vary", b"origin"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
