"""A solve followed through the gateway, from real processes."""

import asyncio
from datetime import date

import orjson
import pytest

from services.chassis.http import HttpClient
from services.clients.api import ApiClient
from services.contracts.scheduler.solves import Solve, SolveRequest
from services.operator.demo import story
from services.operator.stack import Addresses

WEEK = date(2026, 10, 5)
WAIT = 60

pytestmark = pytest.mark.system


async def test_a_solve_is_followed_through_the_gateway_until_it_is_done(
    operator: ApiClient, http: HttpClient, stack: Addresses
) -> None:
    director, _ = await story.found_organization(operator)
    made = await story.build_clinic(director, 4)
    solve = await director.create_solve(SolveRequest(site_id=made.site_id, week=WEEK, time_limit_seconds=1))
    names: list[str] = []
    data = b""

    headers = {"authorization": f"Bearer {director.token}"}
    async with (
        asyncio.timeout(WAIT),
        http.session.get(f"{stack.gateway}/v1/solves/{solve.id}/events", headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.content:
            field, _, value = line.strip().partition(b": ")
            if field == b"event":
                names.append(value.decode())
            elif field == b"data":
                data = value

    assert names[-1] == "done"
    assert set(names) <= {"queued", "running", "progress", "done"}
    assert Solve(**orjson.loads(data)) == await director.read_solve(solve.id)
