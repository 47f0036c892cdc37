"""Fetches what a URL that people gave us leads to, without being led into our own network (CWE-918).

HTTPS only; each hop's addresses are judged and then connected to as judged; redirects are followed by hand, judged
anew, and never take a password to another origin. Size and time are bounded; no proxy, no cookie, no compression.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.chassis.addresses import AddressRefusedError, OpenInternetResolver, is_loopback
from services.chassis.http import HttpAnswer

_MOST_REDIRECTS: Final = 5
_LONGEST_URL: Final = 2048
_SECONDS: Final = 20.0
_CONNECT_SECONDS: Final = 5.0
_HTTPS: Final = 443
_FIRST_FREE_PORT: Final = 1024
_CHUNK: Final = 64 * 1024
_CALENDAR_SCHEMES: Final = frozenset({"webcal", "webcals"})
_REDIRECTS: Final = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


class FetchFailure(StrEnum):
    """Why nothing was fetched."""

    URL_REFUSED = "url-refused"
    ADDRESS_REFUSED = "address-refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed-out"
    NOT_TRUSTED = "certificate-refused"
    TOO_LARGE = "too-large"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    COMPRESSED = "compressed"


class FetchFailedError(Exception):
    """Nothing was fetched; says why in a code, never where."""

    def __init__(self, failure: FetchFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request to a stranger's server; the repr shows neither URL nor password."""

    url: str = field(repr=False)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)
    follows_redirects: bool = True
    """Not where the body must not go anywhere else."""


class Fetcher:
    """Fetches from the open internet, a new connection each time.

    `allows_loopback` lets tests stand in for a server, over plain HTTP too; `resolver` lets them stand in for the DNS.
    """

    def __init__(
        self,
        *,
        largest: int,
        allows_loopback: bool = False,
        seconds: float = _SECONDS,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._largest = largest
        self._allows_loopback = allows_loopback
        self._seconds = seconds
        self._resolver = resolver

    def check(self, url: str) -> str:
        """Return the URL as it is asked for; `webcal:` is what calendars call `https:`.

        Raises:
            FetchFailedError: It can be seen to lead nowhere good.
        """
        parsed = _parsed(url)
        if parsed is None or not self._is_good(parsed):
            raise FetchFailedError(FetchFailure.URL_REFUSED)
        return str(parsed)

    def _is_good(self, url: URL) -> bool:
        host, port = url.host, url.port
        if not host or port is None or url.user is not None or url.password is not None or url.raw_fragment:
            return False
        if self._allows_loopback and url.scheme == "http" and is_loopback(host):
            return True
        return url.scheme == "https" and (port == _HTTPS or port >= _FIRST_FREE_PORT)

    async def fetch(self, wanted: Wanted) -> HttpAnswer:
        """Fetch, with redirects followed; any status that is not a redirect is an answer.

        Raises:
            FetchFailedError: There is none.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(wanted)
        except AddressRefusedError:
            failure = FetchFailure.ADDRESS_REFUSED
        except TimeoutError:
            failure = FetchFailure.TIMED_OUT
        except aiohttp.ClientError as error:
            failure = _meaning(error)
        except (OSError, ValueError):
            failure = FetchFailure.UNREACHABLE
        raise FetchFailedError(failure) from None

    async def _follow(self, wanted: Wanted) -> HttpAnswer:
        url = URL(self.check(wanted.url), encoded=True)
        origin = url.origin()
        for _ in range(_MOST_REDIRECTS + 1):
            answer = await self._ask(wanted, url, knows_password=url.origin() == origin)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or target is None or not wanted.follows_redirects:
                return answer
            url = URL(self.check(str(url.join(URL(target)).with_fragment(None))), encoded=True)
        raise FetchFailedError(FetchFailure.TOO_MANY_REDIRECTS)

    async def _ask(self, wanted: Wanted, url: URL, *, knows_password: bool) -> HttpAnswer:
        resolver = OpenInternetResolver(allows_loopback=self._allows_loopback, resolver=self._resolver)
        if _is_literal(url.host or ""):
            resolver.judge([url.host or ""])  # which is never resolved
        headers = {"accept-encoding": "identity", "user-agent": "calendar-reader", **wanted.headers}
        if wanted.user and knows_password:
            headers["authorization"] = aiohttp.encode_basic_auth(wanted.user, wanted.password, "utf-8")
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=1)
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
            ) as session,
            session.request(
                wanted.method,
                url,
                headers=headers,
                data=wanted.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FetchFailedError(FetchFailure.COMPRESSED)
            return HttpAnswer(response.status, _lowered(response.headers), await self._body(response))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._largest:
                raise FetchFailedError(FetchFailure.TOO_LARGE)
        return bytes(body)


def _parsed(url: str) -> URL | None:
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        return None
    try:
        parsed = URL(url)
        return URL(f"https{url[len(parsed.scheme) :]}") if parsed.scheme in _CALENDAR_SCHEMES else parsed
    except ValueError:
        return None


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _meaning(error: aiohttp.ClientError) -> FetchFailure:
    """Say what a failure of the client means; an address that was refused comes wrapped."""
    current: BaseException | None = error
    while current is not None:
        if isinstance(current, AddressRefusedError):
            return FetchFailure.ADDRESS_REFUSED
        if isinstance(current, ssl.SSLError | aiohttp.ClientSSLError):
            return FetchFailure.NOT_TRUSTED
        current = current.__cause__ or getattr(current, "os_error", None)
    return FetchFailure.UNREACHABLE
