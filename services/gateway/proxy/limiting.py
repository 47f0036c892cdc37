"""How often an address may call a public route, and a caller any other: buckets that fill again as time passes."""

import math
from collections import OrderedDict
from collections.abc import Hashable
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

from services.chassis.clock import Clock
from services.contracts.identity import Principal
from services.gateway.errors import CalledTooOftenError
from services.policy.route import Route

# One customer of an access provider has a /64 to choose addresses from (RFC 6177).
_IPV6_HOST_BITS: Final = 64


USUAL_CALLS_PER_MINUTE: Final = 1200
"""Of one caller, where a route does not say otherwise: more than people's pages need, and few for who runs away."""


class CallLimits:
    """Counts calls in memory, by route and address or caller; who was not heard of for longest is forgotten first.

    Each process counts for itself. `caller_allowance` is how many times as often as usual one caller may call.
    """

    def __init__(self, clock: Clock, *, caller_allowance: float = 1.0, most_remembered: int = 8192) -> None:
        self._clock = clock
        self._caller_allowance = caller_allowance
        # Apart, so that no crowd of addresses makes a caller's calls forgotten.
        self._addresses = _Buckets(most_remembered)
        self._callers = _Buckets(most_remembered)

    def take(self, route: Route, client: Any) -> None:
        """Count one call of a public route by an address, as ASGI gives it.

        Raises:
            CalledTooOftenError: The address has called more often than the route allows.
        """
        most = route.calls_per_minute
        if most is not None:
            self._addresses.take((route.operation_id, network_of(client)), most, self._clock.now().timestamp())

    def take_of_caller(self, route: Route, caller: Principal) -> None:
        """Count one call of a person, or of an application in a person's name, apart from the person's own.

        Raises:
            CalledTooOftenError: The caller has called more often than the route allows.
        """
        most = (route.calls_per_minute or USUAL_CALLS_PER_MINUTE) * self._caller_allowance
        self._callers.take(_key_of(route, caller), most, self._clock.now().timestamp())

    def give_back(self, route: Route, caller: Principal) -> None:
        """Count a call of a caller not yet: it is decided on once more."""
        self._callers.give_back(_key_of(route, caller))


class _Buckets:
    """Buckets of tokens by whose they are; each holds what a minute brings, and begins full."""

    def __init__(self, most_remembered: int) -> None:
        self._most_remembered = most_remembered
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, most: float, now: float) -> None:
        """Take a token; raises CalledTooOftenError where there is none."""
        left, since = self._buckets.get(key, (most, now))
        if now > since:
            left = min(most, left + (now - since) * most / 60)
        is_allowed = left >= 1
        self._buckets[key] = left - 1 if is_allowed else left, now
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most_remembered:
            self._buckets.popitem(last=False)
        if not is_allowed:
            raise CalledTooOftenError(math.ceil((1 - left) * 60 / most))

    def give_back(self, key: Hashable) -> None:
        """Put the token just taken back."""
        left, since = self._buckets[key]
        self._buckets[key] = left + 1, since


def _key_of(route: Route, caller: Principal) -> Hashable:
    delegation = caller.delegation
    # The numbers in the ids, whose hashes are made at once: this is asked of every request.
    return route.operation_id, caller.account_id.int, 0 if delegation is None else delegation.oauth_client_id.int


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
