"""Every route of the API, tried by those to whom it must stay closed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

from services.operator.drill.authorization.oracle import OUTSIDERS, is_closed_to, is_public
from services.operator.drill.authorization.trying import without_instance
from services.operator.drill.authorization.world import Call, Caller, Request

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_UNAUTHENTICATED, _FORBIDDEN, _MISSING, _BROKEN = 401, 403, 404, 500
# The stack of a drill lets no application register: whoever asks, these are not there (RFC 7591 is off by default).
_NOT_THERE: Final = frozenset(
    {"confirm_oauth_client", "create_registration_permit", "list_registration_permits", "revoke_registration_permit"}
)
_STRANGER: Final = Caller("programme_director", "other")


class Operation(NamedTuple):
    """One operation of the OpenAPI document."""

    id: str
    method: str
    path: str

    def request(self, known: Mapping[str, str]) -> Request:
        """Return a request for these things; what is not known is nobody's."""

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return known.get(name) or {"week": "2026-10-05", "number": "1"}.get(name) or str(uuid4())

        return Request(self.method, _PARAMETER.sub(value, self.path))


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document."""
    return [
        Operation(operation["operationId"], method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _METHODS
    ]


class Opening(NamedTuple):
    """One route, and who tries it: None for somebody without a token."""

    operation: Operation
    caller: Caller | None


def openings(found: list[Operation]) -> Iterator[Opening]:
    """Name who must not get through which route."""
    for operation in found:
        yield Opening(operation, None)
        for role in OUTSIDERS:
            if is_closed_to(role, operation.path):
                yield Opening(operation, Caller(role))
        yield Opening(operation, _STRANGER)


def _refused(operation: Operation, caller: Caller | None) -> int:
    if operation.id in _NOT_THERE:
        return _MISSING
    return _UNAUTHENTICATED if caller is None else _FORBIDDEN


async def try_opening(call: Call, opening: Opening, known: Mapping[str, str]) -> str | None:
    """Try one route; returns what is wrong, or None."""
    operation, caller = opening
    answer = await call(caller, operation.request(known))
    if answer.status >= _BROKEN:
        return f"status_{answer.status}"
    if is_public(operation.method, operation.path):
        return None
    if caller != _STRANGER or operation.id in _NOT_THERE:
        return None if answer.status == _refused(operation, caller) else "leak"
    # Another organization's director gets the same bytes for what is here and for what is nowhere. Where both are one
    # request there is nothing to tell apart, and a list of that organization's own may have grown meanwhile.
    if operation.request(known) == operation.request({}):
        return None
    nobody = await call(caller, operation.request({}))
    return None if without_instance(answer) == without_instance(nobody) else "told_apart"
