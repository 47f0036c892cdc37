"""Calling an application in this process, as a server does for one request."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

Application = Callable[..., Awaitable[None]]


class Told(NamedTuple):
    """What one request was answered."""

    status: int
    body: bytes


async def ask(app: Application, method: str, path: str, token: str, body: bytes = b"") -> Told:
    """Send one request by ASGI, with a body of JSON or none, and return the answer."""
    target, _, query = path.partition("?")
    headers = [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [*headers, (b"content-type", b"application/json")] if body else headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    status, parts, is_asked = 0, list[bytes](), False

    async def receive() -> dict[str, Any]:
        nonlocal is_asked
        if is_asked:
            # As a server does while nobody hangs up.
            await asyncio.Event().wait()
        is_asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return Told(status, b"".join(parts))
