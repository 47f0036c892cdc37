"""HTTP to addresses that people tell us: never into our own network, and never more than a bounded answer.

The check is made on the addresses that the connection is opened to, after the name is resolved, so that a name which
resolves differently the second time gains nothing (server-side request forgery, CWE-918).
"""

import socket
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from typing_extensions import override

from services.chassis.http import HttpAnswer

_LONGEST_ANSWER: Final = 64 * 1024
_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 3.0


class AddressRefusedError(Exception):
    """The address is not one of the open internet, or not over TLS."""


class UnreachableError(Exception):
    """Nobody answered there, or not in time, or with too much."""


def check_url(url: str) -> None:
    """Refuse a URL that can be seen to lead nowhere good: only https to a named host, without user or fragment.

    Raises:
        ValueError: It is none; the words say what is wanted.
    """
    if not _leads_out(url):
        raise ValueError("must be an https URL of a public host, without user, password or fragment")


def _leads_out(url: str) -> bool:
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    is_plain = parts.scheme == "https" and parts.username is None and not parts.fragment and port != 0
    return is_plain and bool(host) and (not _is_literal(host or "") or is_public(host or ""))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the open internet; an IPv6 form of an IPv4 address is what it stands for."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if inner is not None:
            return is_public(str(inner))
        # 64:ff9b::/96 translates to IPv4 at the edge of a network, ours perhaps (RFC 6052).
        if parsed.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):
            return is_public(socket.inet_ntoa(parsed.packed[12:]))
    return parsed.is_global and not parsed.is_multicast


class PublicResolver(AbstractResolver):
    """Resolves names to addresses of the open internet, and to nothing where one of them is not."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._resolver is None:
            self._resolver = DefaultResolver()
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(is_public(result["host"]) for result in found):
            raise AddressRefusedError
        return found

    @override
    async def close(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()


class OutboundClient:
    """Calls the open internet; opened on first use, closed at the end.

    `resolver` and `ssl` are what a test replaces, to stand in for a host of the internet on its own machine.
    """

    def __init__(self, *, resolver: AbstractResolver | None = None, ssl: Any = True) -> None:
        self._resolver = resolver or PublicResolver()
        self._ssl = ssl
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Send a body; follows no redirect, and goes through no proxy.

        Raises:
            AddressRefusedError: The URL leads into a network that is not the open internet, or is not https.
            UnreachableError: No answer within ten seconds, or one beyond 64 KiB.
        """
        if not _leads_out(url):
            raise AddressRefusedError
        timeout = aiohttp.ClientTimeout(total=_SECONDS, sock_connect=_CONNECT_SECONDS)
        try:
            async with self._opened().post(
                url, data=body, headers=dict(headers), timeout=timeout, allow_redirects=False
            ) as response:
                content = await response.content.read(_LONGEST_ANSWER + 1)
                if len(content) > _LONGEST_ANSWER:
                    raise UnreachableError
                return HttpAnswer(response.status, {k.lower(): v for k, v in response.headers.items()}, content)
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise UnreachableError from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=self._resolver, ssl=self._ssl, use_dns_cache=False, limit_per_host=20
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session
