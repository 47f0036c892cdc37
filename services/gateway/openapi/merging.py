"""From the documents of the services to the one document of the API (OpenAPI 3.1)."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.policy.routes import BY_OPERATION
from services.policy.smart.words import API, CHECK_IN, OPENID

Document = dict[str, Any]

_SCHEMAS: Final = "#/components/schemas/"
_SESSION: Final = "session"
_APPLICATION: Final = "application"
_ROLES: Final = "x-roles"
_FRESH: Final = "x-second-factor-seconds"
_SCOPES: Final = {
    API: "Everything that the roles of the person reach, in their name.",
    CHECK_IN: "The appointments of a site, and recording who has come, in their name.",
    OPENID: "Who the person is.",
}
# An oauth2 scheme would need absolute URLs, and a document that is committed knows of no installation's.
_SCHEMES: Final[Document] = {
    _SESSION: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": f"A person's own access token, of `create_login_session` (RFC 6750). One of `{_ROLES}` may call "
        f"an operation; where it has `{_FRESH}`, with a second factor proved at most so long ago (RFC 9470).",
    },
    _APPLICATION: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token with the scope named, which a person who holds one of the roles has granted an "
        "application: see /.well-known/oauth-authorization-server (RFC 8414). One that is bound to a key comes with "
        "the scheme DPoP and a proof (RFC 9449).",
        "x-scopes": _SCOPES,
    },
}
_METHODS: Final = ("get", "put", "post", "delete", "patch")


class ConflictingDocumentsError(ValueError):
    """Two services claim the same operation, or one documents an operation that the policy does not know."""


def merge(documents: Mapping[str, Document]) -> Document:
    """Merge the services' documents into what a caller from outside can reach.

    A schema that two services define differently gets the service's name in front; all others keep their name.

    Raises:
        ConflictingDocumentsError: An operation is claimed twice, or is not in the policy.
    """
    conflicting = _conflicting_schemas(documents)
    paths: Document = {}
    schemas: Document = {}
    for service, document in documents.items():
        renamed = {name: f"{service.capitalize()}{name}" for name in conflicting}
        for path, method, operation in operations_of(document):
            if _is_reachable(operation["operationId"]):
                _claim(paths, path, method, _secured(_rename(operation, renamed)))
        for name, schema in _schemas_of(document).items():
            called = renamed.get(name, name)
            # Generators of clients name a type by its title: two of one title are none at all to them.
            titled = schema if called == name else {**schema, "title": called}
            schemas[called] = _rename(titled, renamed)
    used = _used_schemas(paths, schemas)
    first = next(iter(documents.values()))
    return {
        "openapi": first["openapi"],
        "info": {
            "title": "Eventide",
            "version": first["info"]["version"],
            "description": "The backend that an intensive outpatient program runs on.",
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in used},
            "securitySchemes": _SCHEMES,
        },
    }


def operations_of(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Give each operation of a document with its path and method."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _is_reachable(operation_id: str) -> bool:
    route = BY_OPERATION.get(operation_id)
    if route is None:
        raise ConflictingDocumentsError(f"{operation_id} is not in the policy")
    return not route.services


def _claim(paths: Document, path: str, method: str, operation: Document) -> None:
    taken = {known["operationId"] for _, _, known in operations_of({"paths": paths})}
    if method in paths.get(path, {}) or operation["operationId"] in taken:
        raise ConflictingDocumentsError(f"{operation['operationId']} is claimed twice")
    paths.setdefault(path, {})[method] = operation


def _secured(operation: Document) -> Document:
    if not operation.get("security"):
        return operation
    route = BY_OPERATION[operation["operationId"]]
    ways: list[Document] = [{_SESSION: []}]
    ways += [{_APPLICATION: [scope]} for scope in route.scopes_taken]
    fresh = {} if route.fresh_seconds is None else {_FRESH: route.fresh_seconds}
    return {**operation, "security": ways, _ROLES: sorted(role.value for role in route.roles), **fresh}


def _schemas_of(document: Document) -> Document:
    schemas: Document = document.get("components", {}).get("schemas", {})
    return schemas


def _conflicting_schemas(documents: Mapping[str, Document]) -> frozenset[str]:
    """Return the names that mean different schemas, and those that mean different ones because they refer to such."""
    versions: dict[str, list[Any]] = {}
    for document in documents.values():
        for name, schema in _schemas_of(document).items():
            versions.setdefault(name, []).append(schema)
    shared = {name: schemas for name, schemas in versions.items() if len(schemas) > 1}
    conflicting = {name for name, schemas in shared.items() if any(schema != schemas[0] for schema in schemas)}
    grown = True
    while grown:
        touched = {name for name, schemas in shared.items() if conflicting & set(_references(schemas))}
        grown = not touched <= conflicting
        conflicting |= touched
    return frozenset(conflicting)


def _used_schemas(paths: Document, schemas: Document) -> list[str]:
    used: set[str] = set()
    waiting = set(_references(paths))
    while waiting:
        name = waiting.pop()
        used.add(name)
        waiting |= set(_references(schemas[name])) - used
    return sorted(used)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            if key == "$ref":
                yield str(member).removeprefix(_SCHEMAS)
            else:
                yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)


def _rename(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed_reference(key, member, renamed) for key, member in value.items()}
    if isinstance(value, list):
        return [_rename(member, renamed) for member in value]
    return value


def _renamed_reference(key: str, member: Any, renamed: Mapping[str, str]) -> Any:
    if key != "$ref":
        return _rename(member, renamed)
    name = str(member).removeprefix(_SCHEMAS)
    return _SCHEMAS + renamed.get(name, name)
