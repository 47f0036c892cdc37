"""One operation of a service, and who may call it."""

from dataclasses import dataclass, field, replace
from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.smart.words import API, CHECK_IN

FRESH_SECONDS: Final = 300
"""How long a proof counts as fresh: who leaves a workplace has not left it for long."""

DEAR_CALLS_PER_MINUTE: Final = 60

DEEPEST_BODY: Final = 32
"""Levels of objects and lists in a body: no document of ours has ten."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: where it is, and which roles may call it.

    `services` names the services that may call it for a person whose roles it lists in `served_roles`.
    `deadline_seconds` is set where an answer may take longer than others do: a stream of events.
    `scope` is what an application must have been granted to call it for a person; none where only people may.
    `largest_body` is how many bytes of a body are read; more than of others where a document is taken.
    `deepest_body` is how many levels of objects and lists JSON in a body may have.
    `narrower_scope` is one that reaches this route and few others, and is enough as well.
    `fresh_seconds` is how long ago a person must have proved a second factor at most; none where it does not matter.
    `calls_per_minute` is how often one address may call a public route, or one caller another; a token bucket of that
    size. None for as often as they like where it is public, and for as often as is usual where it is not.
    """

    operation_id: str
    service: Microservice
    method: str
    path: str
    roles: frozenset[Role]
    public: bool = False
    services: frozenset[Microservice] = field(default=frozenset())
    served_roles: frozenset[Role] = field(default=frozenset())
    deadline_seconds: float | None = None
    calls_per_minute: int | None = None
    largest_body: int | None = None
    deepest_body: int = DEEPEST_BODY
    scope: str | None = None
    narrower_scope: str | None = None
    fresh_seconds: int | None = None

    @property
    def scope_needed(self) -> str | None:
        """What an application needs; by itself the native API behind the gateway, and nothing of the gateway's own."""
        if self.scope is None and self.service is not Microservice.GATEWAY:
            return API
        return self.scope

    @property
    def scopes_taken(self) -> tuple[str, ...]:
        """The scopes of which an application needs one; none where only people may."""
        return tuple(scope for scope in (self.scope_needed, self.narrower_scope) if scope is not None)


def of_check_in(route: Route) -> Route:
    """Return a route that a kiosk may call, to which a person granted nothing else."""
    return replace(route, narrower_scope=CHECK_IN)


def dear(route: Route) -> Route:
    """Return a route that one caller may call less often than others: what is computed for long, or fetched."""
    return replace(route, calls_per_minute=DEAR_CALLS_PER_MINUTE)


def proved_anew(route: Route) -> Route:
    """Return a route that asks for a second factor of the last minutes: what cannot be taken back, and who may not."""
    return replace(route, fresh_seconds=FRESH_SECONDS)
