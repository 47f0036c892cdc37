"""The yardstick of `bench api`: a route as one writes it by hand on raw asyncpg, which does the work that ours does.

What a route does for one request is written down while it does it: what it sends to the database, what it asks the
rules of disclosure, which seals it opens, what it answers. The yardstick does the same again, of the same values, with
nothing around it: a FastAPI route without dependencies or model, a pool without a reset query, JSON by orjson.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from fastapi import FastAPI, Request, Response

from services.chassis.audit.chain import audit_key, sealed
from services.chassis.audit.trail import APPEND, APPEND_ALONE
from services.chassis.authentication import Authenticator
from services.chassis.database import Database, PooledConnections
from services.chassis.sealing import SealingKey
from services.operator.asgi import ask
from services.policy.calls import may_call
from services.policy.decisions.decide import decide
from services.policy.matching import routes_at
from services.policy.route import Route
from services.records import gate

_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_EVENT: Final = 2
"""Which value of `APPEND` is the event; its seal follows it."""


class NotAnsweredError(Exception):
    """A route that is to be measured does not answer as it should."""


class Statement(NamedTuple):
    """A statement as it was sent, with its values; what begins and ends a transaction has none."""

    text: str
    values: Sequence[Any]


@dataclass(slots=True)
class Work:
    """What a route did for one request."""

    route: Route
    statements: list[Statement] = field(default_factory=list)
    questions: list[tuple[Any, ...]] = field(default_factory=list)
    seals: list[tuple[Any, ...]] = field(default_factory=list)
    answer: Any = None


class _Listening:
    """A pool whose connections write down what is sent over them."""

    def __init__(self, pool: Any, sent: list[Statement]) -> None:
        self._pool = pool
        self._sent = sent

    async def acquire(self) -> Any:
        connection = await self._pool.acquire()
        connection.add_query_logger(self._listen)
        return connection

    async def release(self, connection: Any) -> None:
        connection.remove_query_logger(self._listen)
        await self._pool.release(connection)

    def _listen(self, logged: Any) -> None:
        if logged.query:
            self._sent.append(Statement(logged.query, list(logged.args or ())))


class _NoCommands:
    """A read opens no unit of work."""

    def begin(self) -> Any:
        raise NotAnsweredError


@contextmanager
def _written_down(owner: Any, name: str, calls: list[tuple[Any, ...]]) -> Iterator[None]:
    """Keep with what a function is called meanwhile."""
    function = getattr(owner, name)

    def called(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    setattr(owner, name, called)
    try:
        yield
    finally:
        setattr(owner, name, function)


async def work_of(app: Any, pool: Any, path: str, token: str) -> Work:
    """Return what a route does for one request.

    Raises:
        NotAnsweredError: It is not answered.
    """
    process, route = app.state.process, routes_at(path.partition("?")[0])["GET"]
    work = Work(route)
    try:
        # Of each type that it meets for the first time on a connection the driver asks what it is, once.
        for _ in range(2):
            work = Work(route)
            connections = PooledConnections(_Listening(pool, work.statements))
            app.state.process = replace(process, database=Database(_NoCommands(), connections))
            with ExitStack() as listening:
                listening.enter_context(_written_down(gate, "decide", work.questions))
                listening.enter_context(_written_down(SealingKey, "unseal", work.seals))
                answer = await ask(app, "GET", path, token)
            await connections.close()
            if answer.status != HTTPStatus.OK:
                raise NotAnsweredError(path, answer)
            work.answer = orjson.loads(answer.body)
    finally:
        app.state.process = process
    return work


class Yardstick(NamedTuple):
    """What a hand-written service has at hand, as ours has."""

    pool: Any
    authenticator: Authenticator
    root_key: bytes
    organization_id: UUID

    def application(self, works: Mapping[str, Work]) -> FastAPI:
        """Return the application that does these works, each under its name."""
        app = FastAPI(openapi_url=None)
        for name, work in works.items():
            app.get(f"/{name}")(self._route(work))
        return app

    def _route(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        reads = [one for one in work.statements if one.text != APPEND_ALONE]
        events = [one.values for one in work.statements if one.text == APPEND_ALONE]
        told = [orjson.loads(values[_EVENT]) for values in events]
        key = audit_key(self.root_key)

        async def answer(request: Request) -> Response:
            principal = await self.authenticator.authenticate(request.headers["authorization"].removeprefix("Bearer "))
            if not may_call(principal, work.route).is_permitted:
                return Response(status_code=HTTPStatus.FORBIDDEN)
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.execute(_SET_ORGANIZATION, str(self.organization_id))
                for text, values in reads:
                    await connection.fetch(text, *values)
                for question in work.questions:
                    decide(*question)
                for opener, *of in work.seals:
                    opener.unseal(*of)
                for values, event in zip(events, told, strict=True):
                    text = orjson.dumps(event, option=orjson.OPT_SORT_KEYS).decode()
                    seal = sealed(key, self.organization_id, text)
                    await connection.fetchval(APPEND, *values[:_EVENT], text, seal)
            return Response(orjson.dumps(work.answer), media_type="application/json")

        return answer
