import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx2
from fastapi import FastAPI

from services.contracts.identity import Microservice, Role
from tests.support.serving import call_in_process
from tests.support.tokens import Tokens, principal

NOTE = {"name": "first", "score": 1}


async def test_the_same_request_with_the_same_key_is_done_once(chassis: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": str(uuid4())}

    first = await chassis.post("/notes", json=NOTE, headers=key)
    second = await chassis.post("/notes", json=NOTE, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_without_a_key_each_request_is_done(chassis: httpx2.AsyncClient) -> None:
    first = await chassis.post("/notes", json=NOTE)
    second = await chassis.post("/notes", json=NOTE)

    assert first.json()["id"] != second.json()["id"]


async def test_a_key_with_another_body_is_refused(chassis: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": str(uuid4())}
    await chassis.post("/notes", json=NOTE, headers=key)

    answer = await chassis.post("/notes", json={**NOTE, "score": 2}, headers=key)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:eventide:problem:idempotency-key-reused"


async def test_many_at_once_with_one_key_get_one_answer(chassis: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": str(uuid4())}

    answers = await asyncio.gather(*(chassis.post("/notes", json=NOTE, headers=key) for _ in range(4)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_refused_request_leaves_its_key_free(chassis: httpx2.AsyncClient) -> None:
    key = {"idempotency-key": str(uuid4())}
    failed = await chassis.post("/doomed", headers=key)

    again = await chassis.post("/doomed", headers=key)
    stored = await chassis.get("/keys")

    assert (failed.status_code, again.status_code) == (500, 500)
    assert stored.json() == 0


async def test_another_caller_s_equal_key_is_another_key(
    chassis: httpx2.AsyncClient, chassis_app: FastAPI, tokens: Tokens, clients: AsyncExitStack
) -> None:
    key = {"idempotency-key": str(uuid4())}
    stranger = tokens.internal(principal(Role.FRONT_DESK, organization=uuid4()), Microservice.RECORDS)
    other = call_in_process(chassis_app, headers={"authorization": f"Bearer {stranger}"})
    clients.push_async_callback(other.aclose)

    first = await chassis.post("/notes", json=NOTE, headers=key)
    second = await other.post("/notes", json=NOTE, headers=key)

    assert first.json()["id"] != second.json()["id"]


async def test_an_unusable_key_is_refused_by_name(chassis: httpx2.AsyncClient) -> None:
    answer = await chassis.post("/notes", json=NOTE, headers={"idempotency-key": "k" * 256})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "idempotency-key"
