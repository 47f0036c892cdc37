"""Who may call what, as the policy's own decision says: one line a route, compared with the one that was committed."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal, Role
from services.policy.calls import may_call
from services.policy.route import Route
from services.policy.routes import ROUTES

COMMITTED = Path(__file__).parent / "snapshots" / "policy.txt"
EVERYBODY = "everybody"
_SOMEBODY = UUID(int=1)


def lines() -> Iterator[str]:
    """Say of each route who may call it: roles, `service/role` for those whom a service acts for, or everybody.

    `+factor` says that they must have proved a second factor lately.
    """
    for route in sorted(ROUTES, key=lambda one: (one.service, one.path, one.method)):
        asked = "" if route.fresh_seconds is None else " +factor"
        callers = " ".join(_callers(route)) or "-"
        yield f"{route.service} {route.method} {route.path} {route.operation_id}{asked}: {callers}"


def committed() -> dict[str, set[str]]:
    """Return of each operation who may call it, as committed."""
    read = {}
    for line in COMMITTED.read_text().splitlines():
        route, _, callers = line.rpartition(": ")
        read[route.split()[3]] = set(callers.split())
    return read


def _callers(route: Route) -> Iterator[str]:
    if may_call(None, route).is_permitted:
        yield EVERYBODY
        return
    for acting in (None, *Microservice):
        for role in sorted(Role):
            if may_call(_caller(role, acting), route).is_permitted:
                yield role if acting is None else f"{acting}/{role}"


def _caller(role: Role, acting: Microservice | None) -> Principal:
    return Principal(
        account_id=AccountId(_SOMEBODY),
        organization_id=None if role is Role.PLATFORM_OPERATOR else OrganizationId(_SOMEBODY),
        roles=frozenset({role}),
        acting_service=acting,
        token_id="x",
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
