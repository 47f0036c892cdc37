"""Subscribed calendars read by the worker, over real connections and the real queue."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from aiohttp import web

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.fetching import Fetcher
from services.chassis.root_keys import RootKeys
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.commitments.readers import LARGEST_CALENDAR
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.dispatch import POLL
from services.scheduler.worker.jobs import ConnectionLostError, JobQueue
from services.scheduler.worker.poller import Poller, Polls
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Clinic, Json, Make, calendar
from tests.support.outside import stranger

HOLDS_ITS_LOCK = "select count(*) from pg_locks where locktype = 'advisory' and granted and pid = $1"
WAITS_FOR_ITS_LOCK = "select count(*) from pg_locks where locktype = 'advisory' and not granted and pid = $1"


@pytest.fixture
def remote(scheduler_app: Any) -> RemoteCalendars:
    made = RemoteCalendars(Fetcher(largest=LARGEST_CALENDAR, allows_loopback=True))
    scheduler_app.state.remote_calendars = made
    return made


@pytest.fixture
async def polling(
    databases: Mapping[str, DatabaseUrls],
    scheduler_database: Database,
    clock: Clock,
    *,
    queue: Any,
    remote: RemoteCalendars,
) -> AsyncIterator[tuple[Any, asyncio.Task[None]]]:
    """A poller that runs, with its connection."""
    del queue
    connection = await asyncpg.connect(databases["scheduler"].app)
    polls = Polls(scheduler_database, clock, remote=remote, root=RootKeys.of(bytes(32)))
    running = asyncio.create_task(Poller(connection, polls).run())
    yield connection, running
    running.cancel()
    with suppress(asyncio.CancelledError, ConnectionLostError):
        await running
    await connection.close()


async def source_when(client: Any, path: str, is_wanted: Callable[[Json], bool]) -> Json:
    async with asyncio.timeout(30):
        while True:
            source: Json = (await client.get(path)).json()
            if is_wanted(source):
                return source


@pytest.mark.usefixtures("polling")
async def test_a_subscription_is_read_by_the_worker_and_one_that_breaks_does_not_stop_it(
    scheduler: ClientFactory, clinic: Clinic, new_patient: Make, queue: Any
) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=calendar("20261006T080000/20261006T093000"))

    desk = scheduler(Role.FRONT_DESK)
    sources = f"/v1/patients/{(await new_patient(clinic.site))['id']}/commitment_sources"
    await queue.execute(
        "insert into pgqueuer (priority, entrypoint, payload, status) values (0, 'poll', '[]', 'queued')"
    )
    async with stranger(answer) as url:
        subscribed = await desk.post(f"{sources}:subscribe", json={"url": url})
        path = subscribed.headers["location"]

        read = await source_when(desk, path, lambda source: source["polling"]["outcome"] is not None)

    assert (read["polling"]["outcome"], read["busy_intervals"]) == ("read", 1)
    waiting = await queue.fetch("select status::text from pgqueuer where execute_after > now() and entrypoint = 'poll'")
    assert [row["status"] for row in waiting] == ["queued", "queued"]


async def test_a_poller_without_its_connection_stops_so_that_it_is_started_again(
    polling: tuple[Any, asyncio.Task[None]], queue: Any
) -> None:
    connection, running = polling
    process = connection.get_server_pid()
    async with asyncio.timeout(30):
        while not await queue.fetchval(HOLDS_ITS_LOCK, process):
            pass

    await queue.execute("select pg_terminate_backend($1)", process)

    async with asyncio.timeout(30):
        with pytest.raises(ConnectionLostError):
            await running


async def test_a_connection_that_is_lost_while_a_worker_still_opens_its_queue_is_called_lost(
    databases: Mapping[str, DatabaseUrls], queue: Any
) -> None:
    connection = await asyncpg.connect(databases["scheduler"].app)
    opening = JobQueue(connection, POLL)
    await queue.execute("select pg_advisory_lock($1)", int.from_bytes(opening.worker_id.bytes[:8], signed=True))
    running = asyncio.create_task(opening.serve())
    async with asyncio.timeout(30):
        while not await queue.fetchval(WAITS_FOR_ITS_LOCK, connection.get_server_pid()):
            pass

    await queue.execute("select pg_terminate_backend($1)", connection.get_server_pid())

    async with asyncio.timeout(30):
        with pytest.raises(ConnectionLostError):
            await running
    await connection.close()
