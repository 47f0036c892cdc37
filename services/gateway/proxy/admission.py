"""How much of what is asked goes on to a service, so that one that is slow or away does not take the gateway along."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from services.chassis.errors import UpstreamUnavailableError
from services.contracts.identity import Microservice
from services.gateway.errors import ServiceBusyError
from services.policy.criticality import criticality
from services.policy.route import Route

# No more than the client library opens connections, so that nothing waits in a queue that nobody sees.
MOST_IN_HAND: Final = 100
_BROKEN_AFTER: Final = 5
_PROBES: Final = 4


class Gate:
    """The way to one service: bounded, and nearly shut while nobody answers behind it.

    After five requests in a row that found no connection only four at a time try again; the others are refused at once
    instead of waiting for a host that does not answer. The first that gets through opens it. No time is involved: a
    service that is back is noticed with the next request.
    """

    def __init__(self, service: Microservice, *, most: int = MOST_IN_HAND) -> None:
        self._service = service
        self._most = most
        self._in_hand = 0
        self._failures = 0

    @contextmanager
    def admitted(self, route: Route) -> Iterator[None]:
        """Hold a place while a request is in hand; raises as `enter` does."""
        self.enter(route)
        with self.held():
            yield

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
    def held(self) -> Iterator[None]:
        """Give a place that was taken back at the end, and note where nobody was there."""
        try:
            yield
        except UpstreamUnavailableError:
            self._failures += 1
            raise
        finally:
            self.leave()

    def answered(self) -> None:
        """Note that somebody is there."""
        self._failures = 0
