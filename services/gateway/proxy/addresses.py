"""Whose address a request came from, where proxies of ours stand before the gateway.

Nothing that a caller writes counts: what a field says is believed only from a peer in a network that the operator named
(by default none is), and only as far as such peers have written it, read from the right (oauth2-proxy CVE-2026-40575
and its issue 3478 came from the opposites).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from services.chassis.edge import App, Receive, Scope, Send
from services.gateway.proxy.engines import PREFIX

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FIELD: Final = b"x-forwarded-for"
_MOST_HOPS: Final = 16


class TrustedProxies:
    """The networks of our own proxies."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def origin(self, client: Any, forwarded_for: Iterable[bytes]) -> Any:
        """Return the address that asks, as ASGI gives it: that of the peer, or what our proxies say of it.

        It is the rightmost one that no proxy of ours has. Where what they say is no address, it is that of the last
        proxy: whoever is behind it is then counted together.
        """
        peer = _address(client[0]) if client else None
        if peer is None or not self._is_ours(peer):
            return client
        nearest = peer
        for text in reversed([part for line in forwarded_for for part in line.split(b",")][-_MOST_HOPS:]):
            said = _address(text.strip().decode("latin-1"))
            if said is None:
                break
            nearest = said
            if not self._is_ours(said):
                break
        return str(nearest), 0

    def _is_ours(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


class ForwardedAddress:
    """An ASGI layer: what comes after it sees the address that asks, and not that of a proxy of ours."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        equipment = getattr(scope["app"].state, "equipment", None) if scope["type"] == "http" else None
        # Who asks for a decision is trusted by its own address, and says in its own way whom it asks for.
        if equipment is not None and equipment.front.proxies and not scope["raw_path"].startswith(PREFIX):
            told = [value for name, value in scope["headers"] if name == _FIELD]
            scope["client"] = equipment.front.proxies.origin(scope.get("client"), told)
        await self._app(scope, receive, send)


def _address(text: Any) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
