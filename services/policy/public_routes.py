"""Routes of what anybody may ask: the public directory of programmes, and who keeps it."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route

_OPERATES: Final = frozenset({Role.PLATFORM_OPERATOR})
_ATTESTS: Final = frozenset({Role.ORGANIZATION_ADMIN})
_PROGRAMME: Final = "/v1/directory_programmes/{programme_id}"


def _public(operation_id: str, method: str, path: str, calls_per_minute: int) -> Route:
    return Route(
        operation_id,
        Microservice.RECORDS,
        method,
        path,
        frozenset(),
        public=True,
        calls_per_minute=calls_per_minute,
    )


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


PUBLIC_ROUTES: Final[tuple[Route, ...]] = (
    _public("search_directory", "POST", "/v1/directory_programmes:search", 60),
    _public("compare_directory_programmes", "POST", "/v1/directory_programmes:compare", 30),
    # It counts over the whole directory.
    _public("list_directory_facets", "GET", "/v1/directory_facets", 10),
    _public("read_directory_programme", "GET", _PROGRAMME, 60),
    _route("import_directory", "POST", "/v1/directory_programmes:import", _OPERATES),
    _route("set_directory_keeper", "POST", f"{_PROGRAMME}:set_keeper", _OPERATES),
    _route("read_directory_attestation", "GET", f"{_PROGRAMME}/attestation", _ATTESTS),
    _route("put_directory_attestation", "PUT", f"{_PROGRAMME}/attestation", _ATTESTS),
)
