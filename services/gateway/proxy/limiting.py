"""How often one address may call a route that asks for no token: a bucket that fills again as time passes."""

import math
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from services.chassis.clock import Clock
from services.gateway.errors import CalledTooOftenError
from services.policy.route import Route

# One customer of an access provider has a /64 to choose addresses from (RFC 6177).
_IPV6_HOST_BITS: Final = 64


class CallLimits:
    """Counts calls in memory, by route and address; who was not heard of for longest is forgotten first."""

    def __init__(self, clock: Clock, *, most_remembered: int = 8192) -> None:
        self._clock = clock
        self._most_remembered = most_remembered
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, route: Route, client: Any) -> None:
        """Count one call of an address, as ASGI gives it.

        Raises:
            CalledTooOftenError: The address has called more often than the route allows.
        """
        most = route.calls_per_minute
        if most is None:
            return
        key = route.operation_id, network_of(client)
        now = self._clock.now().timestamp()
        left, since = self._buckets.get(key, (float(most), now))
        left = min(float(most), left + max(0.0, now - since) * most / 60)
        is_allowed = left >= 1
        self._buckets[key] = left - 1 if is_allowed else left, now
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most_remembered:
            self._buckets.popitem(last=False)
        if not is_allowed:
            raise CalledTooOftenError(math.ceil((1 - left) * 60 / most))


def network_of(client: Any) -> str:
    """Return whose bucket it is: an address, the network of an IPv6 one, or one for all that have none."""
    try:
        address = ip_address(client[0])
    except (TypeError, ValueError):
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> _IPV6_HOST_BITS:x}"
