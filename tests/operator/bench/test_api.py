"""The bench of the hot reads: what a read does is found out and done again by the yardstick, and the ratio is told."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from services.chassis.audit.chain import audit_key, sealed
from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import SealingKey
from services.chassis.tokens import InvalidTokenError
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.operator.asgi import ask
from services.operator.bench.api_process import cpu_microseconds, figures_of
from services.operator.bench.yardstick import NotAnsweredError, Work, Yardstick, work_of
from services.operator.postgres.provision import DatabaseUrls
from services.records import gate
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


@pytest.fixture
async def patient(app: Any, token: str) -> dict[str, Any]:
    client: httpx2.AsyncClient = call_in_process(app, headers={"authorization": f"Bearer {token}"})
    async with client:
        made: dict[str, Any] = (await client.post("/v1/patients", json=PERSON)).json()
    return made


@pytest.fixture
def yardstick(app: Any, pool: Any, organization_id: UUID) -> Yardstick:
    return Yardstick(pool, app.state.process.authenticator, bytes(32), organization_id)


@pytest.fixture
async def work(app: Any, pool: Any, token: str, patient: Mapping[str, Any]) -> Work:
    return await work_of(app, pool, f"/v1/patients/{patient['id']}", token)


@pytest.fixture
def raw(yardstick: Yardstick, work: Work) -> Any:
    return yardstick.application({"patient": work})


async def test_the_yardstick_does_what_the_service_did(
    app: Any, token: str, patient: Mapping[str, Any], work: Work, raw: Any
) -> None:
    path = f"/v1/patients/{patient['id']}"

    kinds = [one.text.split()[0].lower().rstrip(";") for one in work.statements]
    assert kinds == ["with", "with"]
    # The wrapped key of the person, names and birth date; the organization's key was opened before and is remembered.
    assert len(work.seals) == 4
    assert len(work.questions) == 1
    assert await ask(raw, "GET", "/patient", token) == await ask(app, "GET", path, token)
    assert await cpu_microseconds(app, path, token, 1) > 0


async def test_a_page_asks_once_what_is_the_same_of_all_its_patients(app: Any, pool: Any, token: str) -> None:
    client: httpx2.AsyncClient = call_in_process(app, headers={"authorization": f"Bearer {token}"})
    async with client:
        made = [(await client.post("/v1/patients", json=PERSON)).json() for _ in range(3)]

    work = await work_of(app, pool, "/v1/patients", token)

    assert work.answer["items"] == made
    assert len(work.questions) == 1


async def test_the_yardstick_writes_an_event_of_its_own_for_each_answer(
    app: Any, token: str, raw: Any, organization_id: UUID
) -> None:
    async def events() -> list[Any]:
        async with app.state.process.database.read(organization_id) as read:
            rows = await read.connection.fetch("select event, seal from audit_events")
        return [(row["event"], row["seal"]) for row in rows]

    before = await events()
    for _ in range(3):
        await ask(raw, "GET", "/patient", token)
    after = await events()

    assert len(after) == len(before) + 3
    assert all(seal == sealed(audit_key(bytes(32)), organization_id, event) for event, seal in after)


async def test_the_yardstick_lets_in_only_who_may_call(raw: Any, tokens: Tokens, organization_id: UUID) -> None:
    operator = principal(Role.PLATFORM_OPERATOR, organization=organization_id)

    told = await ask(raw, "GET", "/patient", tokens.internal(operator, Microservice.RECORDS))

    assert told.status == 403
    with pytest.raises(InvalidTokenError):
        await ask(raw, "GET", "/patient", "forged")


async def test_after_a_request_was_written_down_nothing_listens_any_more(app: Any, pool: Any, token: str) -> None:
    unseal, asked = SealingKey.unseal, vars(gate)["decide"]

    with pytest.raises(NotAnsweredError):
        await work_of(app, pool, f"/v1/patients/{UUID(int=1)}", token)

    assert SealingKey.unseal is unseal
    assert vars(gate)["decide"] is asked


async def test_what_is_not_answered_is_not_measured(app: Any, pool: Any, token: str) -> None:
    path = f"/v1/patients/{UUID(int=1)}"

    with pytest.raises(NotAnsweredError):
        await work_of(app, pool, path, token)
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
