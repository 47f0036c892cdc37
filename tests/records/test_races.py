"""What holds when several do the same thing at once: these requests really commit, each on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx2
import pytest

from services.chassis.clock import Clock
from services.chassis.database import OpenDatabase
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import build
from tests.support.serving import call_in_process, nothing_to_open
from tests.support.tokens import LocalAuthenticator, Tokens, principal

AT_ONCE = 6


@pytest.fixture
async def committing(
    records_urls: DatabaseUrls, tokens: Tokens, clock: Clock, organization_id: UUID
) -> AsyncIterator[httpx2.AsyncClient]:
    async with AsyncExitStack() as stack:
        opened = OpenDatabase(records_urls.app, pool_size=AT_ONCE)
        stack.push_async_callback(opened.close)
        app = build(nothing_to_open)
        app.state.process = Process(clock, await opened.open(), LocalAuthenticator(tokens, Microservice.RECORDS))
        app.state.root_keys = RootKeys.of(bytes(32))
        token = tokens.internal(principal(Role.PROGRAMME_DIRECTOR, organization=organization_id), Microservice.RECORDS)
        client = call_in_process(app, headers={"authorization": f"Bearer {token}"})
        stack.push_async_callback(client.aclose)
        yield client


async def test_the_first_patients_of_an_organization_may_come_all_at_once(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    created = await asyncio.gather(*(committing.post("/v1/patients", json=patient_body) for _ in range(AT_ONCE)))

    listed = await committing.get("/v1/patients")

    assert [answer.status_code for answer in created] == [201] * AT_ONCE
    assert sorted(patient["id"] for patient in listed.json()["items"]) == sorted(
        answer.json()["id"] for answer in created
    )


async def test_of_many_changes_to_one_version_one_is_made(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any], plan_body: dict[str, Any]
) -> None:
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    path = f"/v1/patients/{patient['id']}/treatment_plan"
    await committing.put(path, json=plan_body)

    answers = await asyncio.gather(
        *(committing.put(path, json=plan_body, headers={"if-match": '"1"'}) for _ in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * (AT_ONCE - 1)
    assert (await committing.get(path)).json()["version"] == 2


async def test_of_many_first_plans_one_is_written(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any], plan_body: dict[str, Any]
) -> None:
    patient = (await committing.post("/v1/patients", json=patient_body)).json()
    path = f"/v1/patients/{patient['id']}/treatment_plan"

    answers = await asyncio.gather(*(committing.put(path, json=plan_body) for _ in range(AT_ONCE)))

    assert sorted(answer.status_code for answer in answers) == [201] + [428] * (AT_ONCE - 1)


async def test_a_pair_named_many_times_at_once_is_one_pair(
    committing: httpx2.AsyncClient, patient_body: dict[str, Any]
) -> None:
    pair = [(await committing.post("/v1/patients", json=patient_body)).json()["id"] for _ in range(2)]

    answers = await asyncio.gather(
        *(committing.post("/v1/no_contacts", json={"patient_ids": pair}) for _ in range(AT_ONCE))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (AT_ONCE - 1)
