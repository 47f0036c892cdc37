"""One service in this process, as `bench api` measures it: its hot reads, and raw asyncpg doing the same statements.

Both answer by ASGI in turns, so that what else the machine does falls on each; what is counted is this process's CPU.
The yardstick is a FastAPI route as one writes it on the driver: a transaction, the organization set, and then what the
service sent (reads, audit event), over a pool of its own; it answers the rows as JSON. It checks no token, asks no
gate, opens no seal: that is our cost.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import orjson
import uvloop
from fastapi import FastAPI, Response
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, PooledConnections
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import LIFETIMES, KeyRing, TokenSigner, TokenType
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal, Role
from services.operator.asgi import Application, ask
from services.operator.environment import caller_environment
from services.records.main import application as records
from services.scheduler.main import application as scheduler

_OK: Final = 200
_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_WARM_UP: Final = 5
_DATABASE_URL: Final = "EVENTIDE_DATABASE_URL"
_QUIET: Final = 10
"""What is told is the figure that a tenth of the rounds stayed below: others use the machine too."""
_SERVICES: Final = {Microservice.RECORDS: records, Microservice.SCHEDULER: scheduler}


class Statement(NamedTuple):
    """A statement as it was sent, with its values; what begins and ends a transaction has none."""

    text: str
    values: Sequence[Any]


class NotAnsweredError(Exception):
    """A route that is to be measured does not answer as it should."""


class _Listening(PooledConnections):
    """Lends connections that write down what is sent over them."""

    def __init__(self, pool: Any, sent: list[Statement]) -> None:
        super().__init__(self)
        self._lent = pool
        self._sent = sent

    @override
    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        def listen(logged: Any) -> None:
            self._sent.append(Statement(logged.query, list(logged.args or ())))

        async with self._lent.acquire() as connection:
            with connection.query_logger(listen):
                yield connection


class _NoCommands:
    """A read opens no unit of work."""

    def begin(self) -> Any:
        raise NotAnsweredError


async def statements_of(app: Any, pool: Any, path: str, token: str) -> list[Statement]:
    """Return what a route sends to the database for one request.

    Raises:
        NotAnsweredError: It is not answered.
    """
    process, sent = app.state.process, list[Statement]()
    app.state.process = replace(process, database=Database(_NoCommands(), _Listening(pool, sent)))
    try:
        # Of each type that it meets for the first time on a connection the driver asks what it is, once.
        for _ in range(2):
            sent.clear()
            answer = await ask(app, "GET", path, token)
            if answer.status != _OK:
                raise NotAnsweredError(path, answer)
    finally:
        app.state.process = process
    return [one for one in sent if one.text]


def yardstick(pool: Any, organization_id: UUID, statements: Mapping[str, Sequence[Statement]]) -> FastAPI:
    """Return the application that answers the same reads on the driver alone, each under its name."""
    app = FastAPI(openapi_url=None)

    def route(sent: Sequence[Statement]) -> Callable[[], Awaitable[Response]]:
        async def answer() -> Response:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(_SET_ORGANIZATION, str(organization_id))
                found = [await connection.fetch(text, *values) for text, values in sent if values]
            rows = [[tuple(row) for row in rows] for rows in found]
            return Response(orjson.dumps(rows, default=_plain), media_type="application/json")

        return answer

    for name, sent in statements.items():
        app.get(f"/{name}")(route(sent))
    return app


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return tuple(value) if isinstance(value, asyncpg.Record) else str(value)


async def cpu_microseconds(app: Application, path: str, token: str, requests: int) -> float:
    """Return what a request costs this process, on average over so many, one after the other.

    Raises:
        NotAnsweredError: One is not answered.
    """
    began = time.process_time()
    for _ in range(requests):
        answer = await ask(app, "GET", path, token)
        if answer.status != _OK:
            raise NotAnsweredError(path, answer)
    return 1e6 * (time.process_time() - began) / requests


async def _measure(service: Microservice, job: Mapping[str, Any]) -> dict[str, Any]:
    app, routes = _SERVICES[service](), job["routes"]
    dsn = caller_environment()[_DATABASE_URL]
    async with (
        app.router.lifespan_context(app),
        asyncpg.create_pool(dsn, min_size=0, max_size=2, reset=_nothing) as pool,
    ):

        def token() -> str:
            return internal_token(service, job, app.state.process.clock)

        statements = {name: await statements_of(app, pool, path, token()) for name, path in routes.items()}
        raw = yardstick(pool, UUID(job["organization_id"]), statements)
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in statements}
        for number in range(job["rounds"] + 1):
            for name, path in routes.items():
                # A token lives for a minute, and a caller's next requests find it verified.
                fresh = token()
                await cpu_microseconds(app, path, fresh, _WARM_UP)
                ours = await cpu_microseconds(app, path, fresh, job["requests"])
                theirs = await cpu_microseconds(raw, f"/{name}", fresh, job["requests"])
                if number:  # the first warms up
                    rounds[name].append((ours, theirs))
            if not number:
                gc.collect()
                gc.freeze()
        figures = {name: figures_of(found, len(statements[name])) for name, found in rounds.items()}
        return figures | {"token_check": await _token_check(app, token(), job["requests"])}


def internal_token(service: Microservice, job: Mapping[str, Any], clock: Clock) -> str:
    """Return a token as the gateway sends along, of the director of the clinic that is measured."""
    director = Principal(
        account_id=AccountId(UUID(job["account_id"])),
        organization_id=OrganizationId(UUID(job["organization_id"])),
        roles=frozenset({Role.PROGRAMME_DIRECTOR}),
        acting_service=None,
        token_id=str(uuid4()),
        delegation=None,
        sign_in=None,
        proof_key=None,
    )
    keys = KeyRing.from_directory(Path(job["signing_keys"]))
    signer = TokenSigner(keys, issuer=ServiceSettings.model_fields["issuer"].default, clock=clock)
    kind = TokenType.INTERNAL
    return signer.sign(director, token_type=kind, audience=service.value, lifetime=LIFETIMES[kind])[0]


async def _nothing(_connection: object) -> None:
    """Leave a connection as it is: what is sent over it leaves nothing behind."""


def figures_of(rounds: Sequence[tuple[float, float]], statements: int) -> dict[str, Any]:
    """Return the quiet rounds' figures; the ratio is of requests a second that one process could answer."""
    ours, theirs = (sorted(column)[len(rounds) // _QUIET] for column in zip(*rounds, strict=True))
    return {
        "cpu_us": round(ours, 1),
        "asyncpg_cpu_us": round(theirs, 1),
        "ratio_to_asyncpg": round(theirs / ours, 3),
        "statements": statements,
    }


async def _token_check(app: Any, token: str, requests: int) -> dict[str, Any]:
    authenticator = app.state.process.authenticator
    began = time.process_time()
    for _ in range(requests):
        await authenticator.authenticate(token)
    cost = 1e6 * (time.process_time() - began) / requests
    return {"cpu_us": round(cost, 1), "asyncpg_cpu_us": None, "ratio_to_asyncpg": None, "statements": 0}


def main() -> None:
    """Measure the service that the first argument names; the job comes on standard input, the figures go out."""
    service, job = Microservice(sys.argv[1]), json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_measure(service, job))
    # The service has logged to standard output meanwhile: the last line is ours.
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
