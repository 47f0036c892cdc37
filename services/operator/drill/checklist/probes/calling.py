"""Asks over HTTP as a client library would: follows nothing, believes nothing, and keeps what it is told to keep."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import orjson
from multidict import CIMultiDictProxy
from yarl import URL

_FORM: Final = "application/x-www-form-urlencoded"
_LARGE: Final = 64 * 1024
_SHED: Final = frozenset({503, 504})
UNHEARD: Final[ContextVar[list[int]]] = ContextVar("unheard")
"""What was not answered in this check because somebody was too busy: a machine's load is no property of the door."""
_PATIENCE: Final = aiohttp.ClientTimeout(total=60)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON; None where it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def error(self) -> str | None:
        """The `error` of a refusal as OAuth words it, in the body or in the redirect."""
        told = self.redirected if "location" in self.headers else self.json()
        return told.get("error") if isinstance(told, Mapping) else None

    @property
    def redirected(self) -> dict[str, str]:
        """The parameters of the redirect; none where nothing redirects."""
        return dict(parse_qsl(urlsplit(self.headers.get("location", "")).query, keep_blank_values=True))

    @property
    def without_instance(self) -> Any:
        """The body without what differs between two requests."""
        told = self.json()
        return {name: value for name, value in told.items() if name != "instance"} if isinstance(told, dict) else told


@dataclass
class Sessions:
    """Connections from this machine, of as many networks as it has loopback addresses."""

    opened: dict[str | None, aiohttp.ClientSession] = field(default_factory=dict)

    def of(self, address: str | None) -> aiohttp.ClientSession:
        """Return the session whose connections come from an address, or from the usual one."""
        if address not in self.opened:
            # Of its own for every request: one that a restarted gateway has closed is never met.
            source = None if address is None else (address, 0)
            connector = aiohttp.TCPConnector(force_close=True, limit=0, local_addr=source)
            self.opened[address] = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=_PATIENCE, auto_decompress=False
            )
        return self.opened[address]

    async def close(self) -> None:
        """Close all of them."""
        for session in self.opened.values():
            await session.close()


@dataclass
class Caller:
    """Somebody who asks: with a token or without, from an address, and with the cookies that came so far."""

    sessions: Sessions
    base: Callable[[], str]
    token: str | None = None
    address: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, parameters: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Ask with GET; `_` in the name of a header field stands for `-`."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return await self.send("GET", path + query, _named(headers))

    async def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """Send JSON."""
        fields = {"content-type": "application/json", **_named(headers)}
        return await self.send("POST", path, fields, b"" if body is None else orjson.dumps(body))

    async def put(self, path: str, body: Any, **headers: str) -> Answer:
        """Put JSON."""
        return await self.send("PUT", path, {"content-type": "application/json", **_named(headers)}, orjson.dumps(body))

    async def form(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], **headers: str) -> Answer:
        """Send a form."""
        named = {"content-type": _FORM, **_named(headers)}
        return await self.send("POST", path, named, urlencode(fields).encode())

    async def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send anything; the path goes out as it is written."""
        try:
            async with self.streamed(method, path, headers, body) as response:
                answer = Answer(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError):
            UNHEARD.get().append(0)
            raise
        if answer.status in _SHED:
            UNHEARD.get().append(answer.status)
        self._keep(answer.headers.getall("set-cookie", []))
        return answer

    @asynccontextmanager
    async def streamed(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and lend the answer before its body has come."""
        fields = dict(headers or {})
        if self.token is not None and "authorization" not in fields:
            fields["authorization"] = f"Bearer {self.token}"
        if self.cookies and "cookie" not in fields:
            fields["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        url, session = URL(self.base() + path, encoded=True), self.sessions.of(self.address)
        # The client warns of a large body in one piece.
        data = BytesIO(body) if body is not None and len(body) > _LARGE else body
        async with session.request(method, url, headers=fields, data=data, allow_redirects=False) as response:
            yield response

    async def at_once(self, times: int, ask: "Callable[[], Any]") -> list[Answer]:
        """Ask the same so many times at the same moment."""
        return list(await asyncio.gather(*(ask() for _ in range(times))))

    def _keep(self, told: Sequence[str]) -> None:
        for line in told:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            is_over = any(attribute.lower() == "max-age=0" for attribute in attributes)
            if is_over or value in {"", '""'}:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
