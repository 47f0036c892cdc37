"""How much of what is asked goes on to a service, so that one that is slow or away does not take the gateway along."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from services.chassis.context import current
from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Microservice
from services.gateway.errors import ServiceBusyError
from services.policy.criticality import criticality
from services.policy.route import Route

# No more than the client library opens connections, so that nothing waits in a queue that nobody sees.
MOST_IN_HAND: Final = 100
_BROKEN_AFTER: Final = 5
_PROBES: Final = 4
_HUNG_AFTER_SECONDS: Final = 5.0


class Gate:
    """The way to one service: bounded, and nearly shut while nobody answers behind it.

    After five requests in a row that found no connection, or were not answered until their deadline, only four at a
    time try again; the others are refused at once instead of waiting for a host that does not answer. The first that is
    answered opens it: a service that is back is noticed with the next request.

    A deadline counts only where it is the operation's own and the service had the whole request for `hung_after`
    seconds. A sooner one is the caller's choice, and so is how slowly a body comes: neither may shut the way for
    others.
    """

    def __init__(
        self, service: Microservice, *, most: int = MOST_IN_HAND, hung_after: float = _HUNG_AFTER_SECONDS
    ) -> None:
        self._service = service
        self._most = most
        self._hung_after = hung_after
        self._in_hand = 0
        self._failures = 0

    @contextmanager
    def admitted(self, route: Route) -> Iterator["Place"]:
        """Hold a place while a request is in hand; raises as `enter` does."""
        self.enter(route)
        with self.held() as place:
            yield place

    def enter(self, route: Route) -> None:
        """Take a place, which `leave` gives back.

        Raises:
            ServiceBusyError: As many are in hand as this route may join.
            UpstreamUnavailableError: Nobody answered lately, and enough try whether somebody does again.
        """
        if self._in_hand >= self._most * criticality(route).value:
            raise ServiceBusyError(self._service)
        if self._failures >= _BROKEN_AFTER and self._in_hand >= _PROBES:
            raise UpstreamUnavailableError(self._service)
        self._in_hand += 1

    def leave(self) -> None:
        """Give a place back."""
        self._in_hand -= 1

    @contextmanager
    def held(self) -> Iterator["Place"]:
        """Give a place that was taken back at the end, and note where nobody was there, or nobody answered."""
        place = Place(self)
        try:
            yield place
        except UpstreamUnavailableError:
            self._failures += 1
            raise
        except asyncio.CancelledError:
            self._failures += not current().is_hurried and place.has_waited_for(self._hung_after)
            raise
        finally:
            self.leave()

    def answered(self) -> None:
        """Note that somebody is there."""
        self._failures = 0


class Place:
    """One request in hand, and whether its service has it and is silent."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._handed_over_at: float | None = None
        self._is_answered = False

    def handed_over(self) -> None:
        """Note that the service has, or can have, all of the request."""
        self._handed_over_at = monotonic()

    def answered(self) -> None:
        """Note that its answer has begun; how long that takes is no matter of the gate's."""
        self._is_answered = True
        self._gate.answered()

    def has_waited_for(self, seconds: float) -> bool:
        """Say whether the service has had the request for so long and not begun to answer."""
        if self._is_answered or self._handed_over_at is None:
            return False
        return monotonic() - self._handed_over_at >= seconds
