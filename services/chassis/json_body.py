"""JSON bodies that no two readers understand differently (RFC 7493, I-JSON)."""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any, Final, Never

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from typing_extensions import override

from services.policy.route import DEEPEST_BODY
from services.policy.routes import BY_OPERATION

# A string, closed or not, or what opens or closes a level.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class TooDeepError(ValueError):
    """A body is nested deeper than its route reads."""


def strict_json(body: bytes, *, deepest: int = DEEPEST_BODY) -> Any:
    """Read JSON in which each member of an object comes once, and every number is one.

    Raises:
        JSONDecodeError: It is not JSON, or not strict; nothing of it is quoted.
        TooDeepError: It is nested deeper than `deepest`.
        ValueError: It is not Unicode, or a number has more digits than Python reads.
    """
    _refuse_deeper(body, deepest)
    return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)


def _refuse_deeper(body: bytes, deepest: int) -> None:
    if body.count(b"[") + body.count(b"{") <= deepest:
        return
    depth = 0
    for token in _TOKEN.finditer(body):
        if token[0] in {b"[", b"{"}:
            depth += 1
            if depth > deepest:
                raise TooDeepError
        elif token[0] in {b"]", b"}"}:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise json.JSONDecodeError("a member comes twice", "", 0)
    return members


def _refuse_constant(_name: str) -> Never:
    raise json.JSONDecodeError("not a number", "", 0)


class _StrictRequest(Request):
    """A request whose JSON is read strictly."""

    _read: Any
    _is_read = False

    @override
    async def json(self) -> Any:
        if not self._is_read:
            route = BY_OPERATION.get(self.scope["route"].operation_id)
            deepest = DEEPEST_BODY if route is None else route.deepest_body
            self._read = strict_json(await self.body(), deepest=deepest)
            self._is_read = True
        return self._read


class StrictJsonRoute(APIRoute):
    """A route that refuses JSON which another reader could understand differently."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            # The framework makes the request, and has no other place where to say how JSON is read.
            return await handle(_StrictRequest(request.scope, request.receive))

        return handle_strictly
