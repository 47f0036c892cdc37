"""A solve followed as it happens, over real HTTP, with a real worker and real commits."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.database import Database
from services.chassis.errors import DatabaseUnavailableError
from services.contracts.identifiers import OrganizationId, SolveBatchId, SolveId
from services.contracts.identity import Role
from services.scheduler.solves.watching import MOST_STREAMS, SolveWatch
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make
from tests.support.serving import served

pytestmark = pytest.mark.committed

Event = tuple[str, str, Json]
WAIT = 30


@pytest.fixture
async def url(scheduler_app: Any) -> AsyncIterator[str]:
    async with served(scheduler_app) as made:
        yield made


@pytest.fixture
async def desk(url: str, scheduler: ClientFactory) -> AsyncIterator[httpx2.AsyncClient]:
    authorization = scheduler(Role.FRONT_DESK).headers["authorization"]
    async with httpx2.AsyncClient(base_url=url, headers={"authorization": authorization}, timeout=WAIT) as client:
        yield client


async def events_of(answer: httpx2.Response) -> AsyncIterator[Event]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield fields["id"], fields["event"], orjson.loads(fields["data"])
            fields = {}


@pytest.mark.usefixtures("four_patients")
async def test_a_stream_tells_of_a_solve_until_it_is_done_and_can_be_taken_up_again(
    desk: httpx2.AsyncClient,
    scheduler: ClientFactory,
    clinic: Clinic,
    ask: Make,
    working: Callable[[], AbstractAsyncContextManager[Any]],
) -> None:
    path = f"/v1/solves/{(await ask(clinic.site))['id']}"
    async with AsyncExitStack() as stack, desk.stream("GET", f"{path}/events") as answer:
        told: list[Event] = []
        async for event in events_of(answer):
            if not told:
                assert event[1] == "queued"
                await stack.enter_async_context(working())
            told.append(event)

    ids, names, data = zip(*told, strict=True)
    assert names[:2] == ("queued", "running")
    assert set(names[2:-1]) == {"progress"}
    assert names[-1] == "done"
    assert data[-1] == (await scheduler(Role.FRONT_DESK).get(path)).json()
    assert data[-2].keys() == {"objective", "bound", "gap", "unmet_minutes", "seconds"}
    again = await desk.get(f"{path}/events", headers={"last-event-id": ids[-2]})
    assert again.text.count("event: ") == again.text.count("event: done") == 1
    finished = await desk.get(f"{path}/events", headers={"last-event-id": ids[-1]})
    assert (finished.status_code, finished.content) == (204, b"")


async def test_a_stream_is_for_who_may_read_the_solve(scheduler: ClientFactory, clinic: Clinic, ask: Make) -> None:
    path = f"/v1/solves/{(await ask(clinic.site))['id']}/events"

    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)).status_code == 404
    assert (await scheduler(Role.BILLING).get(path)).status_code == 403
    assert (await scheduler(Role.NURSE).get(f"/v1/solves/{uuid4()}/events")).status_code == 404
    malformed = await scheduler(Role.NURSE).get("/v1/solves/secret/events")
    assert malformed.json()["errors"][0]["pointer"] == "solve_id"
    assert "secret" not in malformed.text


@pytest.fixture
async def solve(clinic: Clinic, ask: Make) -> SolveId:
    return SolveId(UUID((await ask(clinic.site))["id"]))


async def test_beyond_so_many_streams_the_next_is_503_until_one_has_left(
    desk: httpx2.AsyncClient, scheduler_app: Any, organization_id: UUID, solve: SolveId
) -> None:
    watch: SolveWatch = scheduler_app.state.solve_watch
    organization = OrganizationId(organization_id)
    followed = [watch.follow(organization, solve, patience_seconds=WAIT) for _ in range(MOST_STREAMS)]
    for stream in followed:
        assert (await anext(stream)) is not None

    refused = await desk.get(f"/v1/solves/{solve}/events")

    assert (refused.status_code, refused.json()["type"]) == (503, "urn:eventide:problem:overloaded")
    assert int(refused.headers["retry-after"]) > 0
    await followed.pop().aclose()
    async with desk.stream("GET", f"/v1/solves/{solve}/events") as answer:
        assert await anext(events_of(answer))
    for stream in followed:
        await stream.aclose()


async def test_who_leaves_gives_the_place_back(desk: httpx2.AsyncClient, scheduler_app: Any, solve: SolveId) -> None:
    watch: SolveWatch = scheduler_app.state.solve_watch

    async with desk.stream("GET", f"/v1/solves/{solve}/events") as answer:
        await anext(events_of(answer))
        assert len(watch._watched) == 1

    assert watch._reading is not None
    await asyncio.wait_for(watch._reading, WAIT)  # it reads as long as somebody watches
    assert watch._watched == {}


async def test_a_stream_ends_in_good_order_before_its_deadline(desk: httpx2.AsyncClient, solve: SolveId) -> None:
    answer = await desk.get(f"/v1/solves/{solve}/events", headers={"eventide-timeout-ms": "15000"})

    assert answer.status_code == 200
    assert answer.text.count("event: ") == answer.text.count("event: queued") == 1


async def test_silence_is_broken_by_heartbeats(
    scheduler_database: Database, organization_id: UUID, solve: SolveId
) -> None:
    watch = SolveWatch(lambda: scheduler_database)
    followed = watch.follow(OrganizationId(organization_id), solve, patience_seconds=0.01)

    heard = [found async for found, _ in _numbered(followed, 60) if found is not None]
    assert len(heard) == 1
    await followed.aclose()


async def _numbered(followed: Any, most: int) -> AsyncIterator[tuple[Any, int]]:
    for number in range(most):
        yield await anext(followed), number


async def test_without_a_database_there_is_no_stream_and_an_open_one_ends(
    scheduler_database: Database, organization_id: UUID, solve: SolveId
) -> None:
    databases: list[Any] = [scheduler_database]
    watch = SolveWatch(lambda: databases[0])
    organization = OrganizationId(organization_id)
    followed = watch.follow(organization, solve, patience_seconds=WAIT)
    assert (await anext(followed)) is not None

    databases[0] = None

    assert [found async for found in followed] == []
    with pytest.raises(DatabaseUnavailableError):
        await anext(watch.follow(organization, solve, patience_seconds=WAIT))


@pytest.fixture
async def batch_path(queue: Any, scheduler: ClientFactory, clinic: Clinic) -> str:
    del queue  # it clears what is queued, so it comes first
    request = {"site_id": clinic.site["id"], "first_week": MONDAY, "weeks": 2, "time_limit_seconds": 2}
    asked = await scheduler(Role.FRONT_DESK).post("/v1/solve_batches", json=request)
    assert asked.status_code == 202, asked.text
    return str(asked.headers["location"])


@pytest.mark.usefixtures("four_patients")
async def test_a_stream_tells_of_all_weeks_of_a_batch_until_the_last_is_over_and_can_be_taken_up_again(
    desk: httpx2.AsyncClient, batch_path: str, working: Callable[[], AbstractAsyncContextManager[Any]]
) -> None:
    # The limit only keeps a broken build from hanging.
    async with (
        asyncio.timeout(120),
        AsyncExitStack() as stack,
        desk.stream("GET", f"{batch_path}/events") as answer,
    ):
        told: list[Event] = []
        async for event in events_of(answer):
            if not told:
                await stack.enter_async_context(working())
            told.append(event)

    ids, names, data = zip(*told, strict=True)
    assert names[:2] == ("queued", "queued")
    assert names[-2:] == ("week_done", "done")
    ended = [said["week"] for name, said in zip(names, data, strict=True) if name == "week_done"]
    assert ended == [solve["week"] for solve in data[-1]["solves"]]
    assert data[-1] == (await desk.get(batch_path)).json()
    again = await desk.get(f"{batch_path}/events", headers={"last-event-id": ids[-3]})
    assert [line for line in again.text.splitlines() if line.startswith("id: ")] == [f"id: {one}" for one in ids[-2:]]
    finished = await desk.get(f"{batch_path}/events", headers={"last-event-id": ids[-1]})
    assert (finished.status_code, finished.content) == (204, b"")


async def test_a_stream_of_a_batch_is_for_who_may_read_the_batch(scheduler: ClientFactory, batch_path: str) -> None:
    path = f"{batch_path}/events"

    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path)).status_code == 404
    assert (await scheduler(Role.BILLING).get(path)).status_code == 403
    assert (await scheduler(Role.NURSE).get(f"/v1/solve_batches/{uuid4()}/events")).status_code == 404
    malformed = await scheduler(Role.NURSE).get("/v1/solve_batches/secret/events")
    assert malformed.json()["errors"][0]["pointer"] == "batch_id"
    assert "secret" not in malformed.text


async def test_streams_of_batches_and_of_solves_share_the_places(
    desk: httpx2.AsyncClient, scheduler_app: Any, organization_id: UUID, batch_path: str
) -> None:
    watch: SolveWatch = scheduler_app.state.solve_watch
    batch = SolveBatchId(UUID(batch_path.rpartition("/")[2]))
    organization = OrganizationId(organization_id)
    followed = [watch.follow_batch(organization, batch, patience_seconds=WAIT) for _ in range(MOST_STREAMS)]
    for stream in followed:
        assert (await anext(stream)) is not None

    first = (await desk.get(batch_path)).json()["solves"][0]["id"]
    assert (await desk.get(f"/v1/solves/{first}/events")).status_code == 503
    assert (await desk.get(f"{batch_path}/events")).status_code == 503
    await followed.pop().aclose()
    async with desk.stream("GET", f"/v1/solves/{first}/events") as answer:
        assert await anext(events_of(answer))
    for stream in followed:
        await stream.aclose()
