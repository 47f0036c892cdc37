"""One service in this process, as `bench api` measures it: its hot reads, and raw asyncpg doing the same work.

Both answer by ASGI in turns, so that what else the machine does falls on each; what is counted is this process's CPU.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import uvloop

from services.chassis.clock import Clock
from services.chassis.settings import ServiceSettings
from services.chassis.tokens import LIFETIMES, KeyRing, TokenSigner, TokenType
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Microservice, Principal, Role
from services.operator.asgi import Application, ask
from services.operator.bench.yardstick import NotAnsweredError, Yardstick, work_of
from services.operator.environment import caller_environment
from services.records.main import application as records
from services.scheduler.main import application as scheduler

_WARM_UP: Final = 5
_DATABASE_URL: Final = "EVENTIDE_DATABASE_URL"
_QUIET: Final = 10
"""What is told is the figure that a tenth of the rounds stayed below: others use the machine too."""
_SERVICES: Final = {Microservice.RECORDS: records, Microservice.SCHEDULER: scheduler}


async def cpu_microseconds(app: Application, path: str, token: str, requests: int) -> float:
    """Return what a request costs this process, on average over so many, one after the other.

    Raises:
        NotAnsweredError: One is not answered.
    """
    began = time.process_time()
    for _ in range(requests):
        answer = await ask(app, "GET", path, token)
        if answer.status != HTTPStatus.OK:
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

        works = {name: await work_of(app, pool, path, token()) for name, path in routes.items()}
        root_key, organization_id = app.state.root_keys.first, UUID(job["organization_id"])
        raw = Yardstick(pool, app.state.process.authenticator, root_key, organization_id).application(works)
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
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
        figures = {name: figures_of(found, len(works[name].statements)) for name, found in rounds.items()}
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
