"""JSON bodies that no two readers understand differently (RFC 7493, I-JSON)."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Never

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from typing_extensions import override


def strict_json(body: bytes) -> Any:
    """Read JSON in which each member of an object comes once, and every number is one.

    Raises:
        JSONDecodeError: It is not JSON, or not strict; nothing of it is quoted.
        ValueError: It is not Unicode, or a number has more digits than Python reads.
        RecursionError: It is nested too deeply.
    """
    return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)


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
            self._read = strict_json(await self.body())
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
