"""The bench of the hot reads: what a read sends is found out and sent again by the yardstick, and the ratio is told."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.operator.asgi import ask
from services.operator.bench.api_process import (
    NotAnsweredError,
    cpu_microseconds,
    figures_of,
    statements_of,
    yardstick,
)
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import build
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

PERSON = {"given_name": "Jane", "family_name": "Roe", "birth_date": "1990-02-28", "site_id": str(UUID(int=7))}


@pytest.fixture
async def pool(records_urls: DatabaseUrls) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(records_urls.app, min_size=0, max_size=1) as opened:
        yield opened


@pytest.fixture
async def app(records_urls: DatabaseUrls, tokens: Tokens, clock: Clock) -> AsyncIterator[Any]:
    opened = OpenDatabase(records_urls.app, pool_size=2)
    made = build(nothing_to_open)
    made.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, Microservice.RECORDS))
    made.state.root_keys = RootKeys.of(bytes(32))
    yield made
    await opened.close()


@pytest.fixture
def token(tokens: Tokens, organization_id: UUID) -> str:
    return tokens.internal(principal(Role.PROGRAMME_DIRECTOR, organization=organization_id), Microservice.RECORDS)


async def test_the_yardstick_sends_what_the_service_sent(
    app: Any, pool: Any, token: str, organization_id: UUID
) -> None:
    client: httpx2.AsyncClient = call_in_process(app, headers={"authorization": f"Bearer {token}"})
    async with client:
        patient = (await client.post("/v1/patients", json=PERSON)).json()
    path = f"/v1/patients/{patient['id']}"

    sent = await statements_of(app, pool, path, token)
    raw = yardstick(pool, organization_id, {"patient": sent})
    told = await ask(raw, "GET", "/patient", token)

    assert [one.text.split()[0].lower().rstrip(";") for one in sent] == [
        "begin",
        "select",
        "insert",
        "commit",
    ]
    assert told.status == 200
    assert patient["id"].encode() in told.body
    assert await cpu_microseconds(app, path, token, 1) > 0


async def test_what_is_not_answered_is_not_measured(app: Any, pool: Any, token: str) -> None:
    path = f"/v1/patients/{UUID(int=1)}"

    with pytest.raises(NotAnsweredError):
        await statements_of(app, pool, path, token)
    with pytest.raises(NotAnsweredError):
        await cpu_microseconds(app, path, token, 1)


def test_the_ratio_is_of_requests_a_second_in_quiet_rounds() -> None:
    busy = [(900.0, 500.0)] * 9

    assert figures_of([(400.0, 300.0), *busy], 5) == {
        "cpu_us": 900.0,
        "asyncpg_cpu_us": 500.0,
        "ratio_to_asyncpg": 0.556,
        "statements": 5,
    }
    assert figures_of([(400.0, 300.0)] * 2 + busy, 5)["ratio_to_asyncpg"] == 0.75
