"""The HTTP client of one process: pooled, with the deadline, the trace and a bounded answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from services.chassis.context import current, outgoing_headers
from services.chassis.errors import DeadlineExceededError, UpstreamUnavailableError

_LONGEST_ANSWER: Final = 64 * 1024 * 1024
_CONNECT_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer: status, headers with lower-case names, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Calls other services; opened at start, closed at the end."""

    def __init__(self, *, timeout_seconds: float = 30.0) -> None:
        self._timeout = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pooled session; made on first use because it belongs to the running loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=200, limit_per_host=100, ttl_dns_cache=30)
            self._session = aiohttp.ClientSession(
                connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        service: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """Send one request and read the whole answer.

        Raises:
            UpstreamUnavailableError: No connection, a broken answer, or one beyond 64 MiB.
            DeadlineExceededError: The time of the request that we serve is over.
        """
        remaining = current().remaining()
        seconds = self._timeout if remaining is None else min(self._timeout, remaining)
        if seconds <= 0:
            raise DeadlineExceededError
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        try:
            async with self.session.request(
                method,
                url,
                headers={**outgoing_headers(), **(headers or {})},
                data=body,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                content = await response.content.read(_LONGEST_ANSWER + 1)
                while len(content) <= _LONGEST_ANSWER and (more := await response.content.read(_LONGEST_ANSWER)):
                    content += more
                if len(content) > _LONGEST_ANSWER:
                    raise UpstreamUnavailableError(service)
                return HttpAnswer(response.status, {k.lower(): v for k, v in response.headers.items()}, content)
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise UpstreamUnavailableError(service) from None
