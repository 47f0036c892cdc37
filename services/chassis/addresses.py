"""Which network addresses a stranger's URL may lead to: those of the open internet, and nothing beside us.

An allow-list: what the registries of special-purpose addresses (IANA, RFC 6890) or a cloud keep for themselves is not
on it, and an IPv6 address that stands for an IPv4 one is judged as that one.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from typing_extensions import override

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_OPEN_V6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_NOT_OPEN_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/3",
            # Answers virtual machines of one cloud with their own secrets, from what looks like the open internet.
            "168.63.129.16/32",
        ),
    )
)  # fmt: skip
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """The name leads to an address that is not of the open internet; an OSError, so that connecting fails."""


def is_public(address: str) -> bool:
    """Say whether an address is of the open internet."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _NOT_OPEN_V4)
    inner = _stands_for(parsed)
    if inner is not None:
        return is_public(str(inner))
    return parsed.scope_id is None and parsed in _GLOBAL_UNICAST and not any(parsed in net for net in _NOT_OPEN_V6)


def _stands_for(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address behind a mapped (RFC 4291), a 6to4 (RFC 3056) or a translated one (RFC 6052)."""
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_loopback(address: str) -> bool:
    """Say whether an address is this machine's own."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class OpenInternetResolver(AbstractResolver):
    """Resolves names to addresses of the open internet; one that is not spoils them all.

    The connection is made to the very addresses that were judged, so a name that means something else a moment later
    (DNS rebinding) gains nothing.
    """

    def __init__(self, *, allows_loopback: bool = False, resolver: AbstractResolver | None = None) -> None:
        self._allows_loopback = allows_loopback
        self._resolver = resolver

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._resolver is None:
            self._resolver = DefaultResolver()
        found = await self._resolver.resolve(host, port, family)
        self.judge(result["host"] for result in found)
        return found

    def judge(self, addresses: Iterable[str]) -> None:
        """Let addresses pass.

        Raises:
            AddressRefusedError: There is none, or one of them is not of the open internet.
        """
        judged = [is_public(address) or (self._allows_loopback and is_loopback(address)) for address in addresses]
        if not judged or not all(judged):
            raise AddressRefusedError

    @override
    async def close(self) -> None:
        if self._resolver is not None:
            await self._resolver.close()
