"""Routes of what the law asks of the programme itself, and who may call them."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route

_WATCHES: Final = frozenset({Role.AUDITOR, Role.PROGRAMME_DIRECTOR})


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


LAW_ROUTES: Final[tuple[Route, ...]] = (_route("list_access_denials", "GET", "/v1/access_denials", _WATCHES),)
