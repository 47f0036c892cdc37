"""A scheduler whose writes are committed, so that a worker in another connection sees them.

Each test is an organization of its own, which row-level security keeps apart; jobs are shared, and a worker clears
what earlier tests left.
"""

import asyncio
import base64
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.worker.attempts import SolverLimits
from services.scheduler.worker.worker import Worker
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, plan_of

ROOT = Path(__file__).resolve().parents[3]
ONE_CORE = SolverLimits(cores=1, memory_mib=4096)

Eventually = Callable[..., Awaitable[Json]]


@pytest.fixture
async def scheduler_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits."""
    opened = OpenDatabase(databases["scheduler"].app, pool_size=4)
    yield await opened.open()
    await opened.close()


@pytest.fixture
async def queue(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Any]:
    """A connection of the application role, to look at the queue; jobs of earlier tests are gone."""
    connection = await asyncpg.connect(databases["scheduler"].app)
    await connection.execute("delete from pgqueuer")
    yield connection
    await connection.execute("delete from pgqueuer")
    await connection.close()


@pytest.fixture
def working(
    databases: Mapping[str, DatabaseUrls], scheduler_database: Database, clock: Clock, queue: Any
) -> Callable[..., AbstractAsyncContextManager[Worker]]:
    """Runs a worker in this process, until the block ends."""
    del queue

    @asynccontextmanager
    async def run(limits: SolverLimits = ONE_CORE) -> AsyncIterator[Worker]:
        connection = await asyncpg.connect(databases["scheduler"].app)
        worker = Worker(connection, scheduler_database, clock, limits)
        running = asyncio.create_task(worker.run())
        try:
            yield worker
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await connection.close()

    return run


@pytest.fixture
async def worker(working: Callable[[], AbstractAsyncContextManager[Worker]]) -> AsyncIterator[Worker]:
    async with working() as made:
        yield made


@pytest.fixture
async def worker_processes(
    databases: Mapping[str, DatabaseUrls], queue: Any, tmp_path: Path
) -> AsyncIterator[Callable[[], Any]]:
    """Starts workers as an installation does: `python -m services.scheduler.worker`."""
    del queue
    root_key = tmp_path / "root_key"
    root_key.write_bytes(base64.b64encode(bytes(32)))
    environment = {
        "EVENTIDE_DATABASE_URL": databases["scheduler"].app,
        "EVENTIDE_GATEWAY_URL": "http://127.0.0.1:1",
        "EVENTIDE_RECORDS_URL": "http://127.0.0.1:1",
        "EVENTIDE_SCHEDULER_URL": "http://127.0.0.1:1",
        "EVENTIDE_ROOT_KEY_FILE": str(root_key),
        "EVENTIDE_SOLVER_CORES": "1",
    }
    async with AsyncExitStack() as stack:

        async def start() -> asyncio.subprocess.Process:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.scheduler.worker",
                cwd=ROOT,
                env=environment,
                stderr=asyncio.subprocess.DEVNULL,
            )
            stack.push_async_callback(ended, process)
            return process

        yield start


async def ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture
def until(scheduler: ClientFactory) -> Eventually:
    """Reads a solve until it is as wanted; the limit only keeps a broken build from hanging."""

    async def read(solve: Json, wanted: Callable[[Json], bool]) -> Json:
        client = scheduler(Role.FRONT_DESK)
        async with asyncio.timeout(60):
            found: Json = {}
            while not found or not wanted(found):
                found = (await client.get(f"/v1/solves/{solve['id']}")).json()
            return found

    return read


@pytest.fixture
def ask(scheduler: ClientFactory) -> Make:
    async def post(site: Json, **changes: Any) -> Json:
        request = {"site_id": site["id"], "week": MONDAY, "time_limit_seconds": 2, **changes}
        answer = await scheduler(Role.FRONT_DESK).post("/v1/solves", json=request)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    return post


@pytest.fixture
async def four_patients(clinic: Clinic, new_patient: Make) -> list[Json]:
    return [await new_patient(clinic.site, plan_of(clinic.counsellor)) for _ in range(4)]


@pytest.fixture
async def hard_week(clinic: Clinic, new_practitioner: Make, new_offering: Make, new_patient: Make) -> None:
    """A week whose best timetable takes longer to prove than any test lasts."""
    await new_practitioner(clinic.site, leads=["process_group", "skills_group"])
    await new_offering(clinic.site, minutes=180)
    await new_offering(clinic.site, service="skills_group", minutes=60, minimum_size=3)
    services = [
        {"service": "process_group", "minutes_per_week": 540},
        {"service": "skills_group", "minutes_per_week": 120},
        {"service": "individual", "minutes_per_week": 60},
    ]
    for number in range(18):
        cost = {"morning": number % 4, "afternoon": number % 5, "evening": number % 3, "weekend": number % 7}
        changes = {"required_services": services, "preference_cost": cost, "track": f"track-{number % 3}"}
        await new_patient(clinic.site, plan_of(clinic.counsellor, **changes))
