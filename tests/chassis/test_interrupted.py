"""A connection to the database that ends in the middle of a request: nobody's mistake, and never a 500."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from services.operator.postgres.provision import DatabaseUrls
from tests.chassis.conftest import HELD

WAITING = "select pid from pg_locks where locktype = 'advisory' and objid = $1 and not granted"


@pytest.fixture
async def holder(records_urls: DatabaseUrls) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(records_urls.owner)
    await connection.execute("select pg_advisory_lock($1)", HELD)
    yield connection
    await connection.close()


async def interrupted(holder: Any, request: Awaitable[httpx2.Response]) -> httpx2.Response:
    """Send a request, end its connection while it waits for the lock, and return its answer."""
    answer = asyncio.ensure_future(request)
    async with asyncio.timeout(60):
        while (waiting := await holder.fetchval(WAITING, HELD)) is None:  # noqa: ASYNC110 - it happens in the database
            await asyncio.sleep(0.01)
    await holder.execute("select pg_terminate_backend($1)", waiting)
    return await answer


@pytest.mark.parametrize(("method", "path"), [("GET", "/held"), ("POST", "/held"), ("POST", "/held_on_the_driver")])
async def test_a_request_whose_connection_ends_is_told_to_come_again(
    chassis: httpx2.AsyncClient, holder: Any, method: str, path: str
) -> None:
    answer = await interrupted(holder, chassis.request(method, path))

    assert (answer.status_code, answer.json()["code"]) == (503, "interrupted"), answer.text
    assert answer.json()["type"] == "urn:eventide:problem:database-unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def test_the_next_read_gets_a_connection_that_works(chassis: httpx2.AsyncClient, holder: Any) -> None:
    await interrupted(holder, chassis.get("/held"))
    await holder.execute("select pg_advisory_unlock($1)", HELD)

    answers = [await chassis.get("/held") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_write_that_was_interrupted_left_nothing_and_is_done_once_with_its_key(
    chassis: httpx2.AsyncClient, holder: Any
) -> None:
    key = {"idempotency-key": str(uuid4())}
    before = (await chassis.get("/keys")).json()

    failed = await interrupted(holder, chassis.post("/held", headers=key))
    after = (await chassis.get("/keys")).json()
    await holder.execute("select pg_advisory_unlock($1)", HELD)
    done, again = [await chassis.post("/held", headers=key) for _ in range(2)]

    assert (failed.status_code, after) == (503, before)
    assert (done.status_code, again.content) == (200, done.content)
    assert ("idempotency-replayed" in done.headers, again.headers["idempotency-replayed"]) == (False, "true")
