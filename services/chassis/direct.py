"""The direct way to a read: found by the policy's tree, with what it depends on called in a row, each once.

The framework tries one route after the other, and solves whatever a dependency depends on each time that it is named:
for a read from one transaction that is most of what it costs. What a route means stays what the framework has read of
it: parameters, dependencies and their order, the model of the answer. What this way does not know (a body, a stream, a
unit of work) goes the framework's.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from http import HTTPStatus
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any, Final, NamedTuple, Self, get_args

from fastapi import Request, Response
from fastapi._compat import ModelField, is_scalar_field
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from fastapi.params import Param
from fastapi.routing import APIRoute
from fastapi.utils import is_body_allowed_for_status_code
from starlette.routing import BaseRoute

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.problems import respond_to_invalid
from services.chassis.wiring import Db
from services.chassis.writing import Writer
from services.policy.matching import routes_at

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_KNOWN: Final = frozenset({APIRoute, StrictJsonRoute, IdempotentRoute})
"""The kinds of routes that do no more for a GET without a unit of work than to call their endpoint."""
_UNSOLVED: Final = object()
# A unit of work may find that the request was answered before, which only the framework's routes know how to answer.
_UNIT_OF_WORK: Final = get_args(Db)[1].dependency
_PARTS: Final[tuple[tuple[str, Callable[[Request], Any]], ...]] = (
    ("path_params", lambda request: request.path_params),
    ("query_params", lambda request: request.query_params),
    ("header_params", lambda request: request.headers),
)
"""Where the parameters of a dependency are found, in the order in which the framework looks."""
_KEPT: Final = (type(None), str, int, date)
_PLAIN: Final[Mapping[str, Any]] = {
    "response_model_include": None,
    "response_model_exclude": None,
    "response_model_by_alias": True,
    "response_model_exclude_unset": False,
    "response_model_exclude_defaults": False,
    "response_model_exclude_none": False,
    "body_field": None,
    "stream_item_field": None,
}
"""What a route says of itself that is answered with its whole model."""
_UNKNOWN: Final = (
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "parent_oauth_scopes",
    "concurrency",
)
"""What a dependency may ask for that none of ours does."""


class _Parameter(NamedTuple):
    """One value that a request may bring, and where in it."""

    field: ModelField
    part: Callable[[Request], Any]
    alias: str | None
    """Its name there, where it has one name and one value; to find that out anew costs more than to read it."""
    location: tuple[str, ...]
    default: Any
    """What it is where it does not come; what does not stay what it is, is the framework's to make."""

    @classmethod
    def of(cls, field: ModelField, part: Callable[[Request], Any]) -> Self:
        """Read what the framework knows of a parameter."""
        info = field.field_info
        assert isinstance(info, Param)  # noqa: S101 - a body is none of the parts
        is_plain = is_scalar_field(field) and info.validation_alias in (None, field.alias)
        is_kept = not info.is_required() and not info.validate_default and isinstance(info.default, _KEPT)
        default = info.default if is_kept else _UNSOLVED
        return cls(field, part, field.alias if is_plain else None, (info.in_.value, field.alias), default)

    def read(self, request: Request, found: dict[str, Any]) -> list[Any]:
        """Put the value among those found, or return what is wrong with it."""
        received = self.part(request)
        value = None if self.alias is None else received.get(self.alias)
        if value is not None:
            found[self.field.name], wrong = self.field.validate(value, {}, loc=self.location)
        elif self.alias is not None and self.default is not _UNSOLVED:
            found[self.field.name], wrong = self.default, []
        else:
            values, wrong = request_params_to_args([self.field], received)
            found.update(values)
        return wrong


class _Step(NamedTuple):
    """One call: what it needs, by the name that it has for it and the number of the step that made it."""

    call: Callable[..., Any]
    opens: bool
    needs: Sequence[tuple[str | None, int]]
    parameters: Sequence["_Parameter"]
    request_name: str | None
    response_name: str | None

    def arguments(
        self, request: Request, response: Response, solved: Sequence[Any], errors: list[Any]
    ) -> dict[str, Any] | None:
        """Return what it is called with, or None where something that it needs is not there; says in `errors` why."""
        found: dict[str, Any] = {}
        is_whole = True
        for name, number in self.needs:
            if solved[number] is _UNSOLVED:
                is_whole = False
            elif name is not None:
                found[name] = solved[number]
        for parameter in self.parameters:
            wrong = parameter.read(request, found)
            errors.extend(wrong)
            is_whole = is_whole and not wrong
        if self.request_name is not None:
            found[self.request_name] = request
        if self.response_name is not None:
            found[self.response_name] = response
        return found if is_whole else None


def _steps(dependant: Dependant) -> list[_Step] | None:
    """Return what is called for a request, the endpoint last; None where it is more than we do."""
    steps: list[_Step] = []
    numbers: dict[Any, int] = {}

    def add(one: Dependant) -> int:
        needs = [(needed.name, add(needed)) for needed in one.dependencies]
        if one.call not in numbers:
            parameters = [_Parameter.of(field, part) for name, part in _PARTS for field in getattr(one, name)]
            numbers[one.call] = len(steps)
            assert one.call is not None  # noqa: S101 - the framework makes none without
            opens = isasyncgenfunction(one.call)
            call = asynccontextmanager(one.call) if opens else one.call
            named = one.request_param_name or one.http_connection_param_name
            steps.append(_Step(call, opens, needs, parameters, named, one.response_param_name))
        return numbers[one.call]

    if not all(map(_is_ours, _with_dependencies(dependant))):
        return None
    add(dependant)
    return steps


def _with_dependencies(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for needed in dependant.dependencies:
        yield from _with_dependencies(needed)


def _is_ours(dependant: Dependant) -> bool:
    is_known = dependant.use_cache and not any(getattr(dependant, name) for name in _UNKNOWN)
    is_ours = is_known and dependant.scope in (None, "function") and dependant.call is not _UNIT_OF_WORK
    # What has to run in a thread of its own, the framework runs there.
    return is_ours and (isasyncgenfunction(dependant.call) or _is_awaited(dependant.call))


def _is_awaited(call: Any) -> bool:
    return iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)


class _Bare(Response):
    """A response of what is known: the framework's own finds out how to write it, each time that one is made."""

    def __init__(self, status: int | None, body: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        self.status_code = status  # type: ignore[assignment] # the framework leaves it open too
        self.background = None
        self.body = body
        self.raw_headers = fields


class _Read:
    """One route, with its calls in a row."""

    def __init__(self, route: APIRoute, answer: ModelField, steps: Sequence[_Step]) -> None:
        self.route = route
        self._answer = answer
        self._write = Writer.of(answer).write
        *self._dependencies, self._endpoint = steps

    @classmethod
    def of(cls, route: APIRoute) -> Self | None:
        """Read what the framework knows of a route; None where it goes the framework's way."""
        is_plain = (
            type(route) in _KNOWN
            and route.methods == {"GET"}
            and isinstance(route.response_class, DefaultPlaceholder)
            and all(getattr(route, name) == value for name, value in _PLAIN.items())
        )
        answer, steps = route.response_field, _steps(route.dependant) if is_plain else None
        return None if answer is None or steps is None else cls(route, answer, steps)

    def parameters(self, path: str) -> dict[str, str] | None:
        """Return what the path's parameters are, or None where this is not its path."""
        found = self.route.path_regex.match(path)
        return None if found is None else found.groupdict()

    async def answer(self, request: Request) -> Response:
        """Answer a request; what was opened for it is closed by then.

        Raises:
            RequestValidationError: Parameters are not what the route takes.
            ServiceError: It is refused.
        """
        # Not said by anybody yet: until then the route's own counts.
        headed = _Bare(None, b"", [])
        async with AsyncExitStack() as opened:
            content = await self._called(request, headed, opened)
            return content if isinstance(content, Response) else self._respond(content, headed)

    async def _called(self, request: Request, headed: Response, opened: AsyncExitStack) -> Any:
        solved: list[Any] = []
        errors: list[Any] = []
        for step in self._dependencies:
            arguments = step.arguments(request, headed, solved, errors)
            if arguments is None:
                solved.append(_UNSOLVED)
            elif step.opens:
                solved.append(await opened.enter_async_context(step.call(**arguments)))
            else:
                solved.append(await step.call(**arguments))
        arguments = self._endpoint.arguments(request, headed, solved, errors)
        if arguments is None:
            raise RequestValidationError(errors)
        return await self._endpoint.call(**arguments)

    def _respond(self, content: Any, headed: Response) -> Response:
        value, errors = self._answer.validate(content, {}, loc=("response",))
        if errors:
            raise ResponseValidationError(errors)
        status = headed.status_code or self.route.status_code or HTTPStatus.OK
        if not is_body_allowed_for_status_code(status):
            response = Response(b"", status, media_type="application/json")
            response.raw_headers.extend(headed.raw_headers)
            return response
        content = self._write(value)
        fields = [(b"content-length", b"%d" % len(content)), (b"content-type", b"application/json")]
        return _Bare(status, content, [*fields, *headed.raw_headers])


class DirectReads:
    """A layer inside `Edge` that answers the reads among routes, and hands everything else on.

    The routes are those of an application that includes them as they are, without a prefix or dependencies of its own.
    """

    def __init__(self, app: App, *, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = {route.operation_id: route for route in routes if isinstance(route, APIRoute)}
        self._reads: dict[str, _Read | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        read = self._read_at(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        parameters = None if read is None else read.parameters(scope["path"])
        if read is None or parameters is None:
            await self._app(scope, receive, send)
            return
        scope.update(route=read.route, endpoint=read.route.endpoint, path_params=parameters)
        request = Request(scope, receive, send)
        try:
            response = await read.answer(request)
        except RequestValidationError as error:
            response = respond_to_invalid(error)
        await response(scope, receive, send)

    def _read_at(self, path: str) -> _Read | None:
        route = routes_at(path).get("GET")
        return None if route is None else self.read(route.operation_id)

    def read(self, operation_id: str) -> _Read | None:
        """Return how an operation is answered; None where it goes the framework's way."""
        if operation_id not in self._reads:
            route = self._routes.get(operation_id)
            self._reads[operation_id] = None if route is None else _Read.of(route)
        return self._reads[operation_id]
