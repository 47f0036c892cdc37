"""Postmen on the real queue and a real records: what was recorded becomes one encounter, whatever is down meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.chassis.http import HttpClient
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import AttendanceId, OrganizationId, PatientId
from services.contracts.identity import Role
from services.contracts.records.encounters import AttendanceEvent
from services.contracts.scheduler.attendance import Attendance
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.attendance import storage
from services.scheduler.attendance.telling import MOST_REFUSALS, AttendanceTelling
from services.scheduler.dispatch import AttendanceCall, enqueue_attendance
from services.scheduler.rule_packs.storage import newest
from services.scheduler.sites.telling import SiteTelling
from services.scheduler.storing import fresh_id
from services.scheduler.worker.postman import Postman
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, People, group

Postmen = Callable[..., AbstractAsyncContextManager[None]]
Until = Callable[[str, int], Awaitable[None]]

DELIVERED = "select count(*) from attendance_deliveries where delivered_at is not null"
PARKED = "select count(*) from attendance_deliveries where parked_at is not null"
TRIED = "select coalesce(sum(attempts), 0) from attendance_deliveries"


@pytest.fixture
async def records_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    """Instead of the database that rolls back: one that commits, and answers several at once."""
    opened = OpenDatabase(databases["records"].app, pool_size=4)
    yield await opened.open()
    await opened.close()


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


@pytest.fixture
def intake(http: HttpClient, records_url: str, clock: Clock) -> AttendanceClient:
    return AttendanceClient(http, records_url, bytes(32), clock)


@pytest.fixture
def nobody(http: HttpClient, clock: Clock) -> AttendanceClient:
    """Records that is down: nothing listens where it is called."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return AttendanceClient(http, f"http://127.0.0.1:{port}", bytes(32), clock)


class Forgetful(AttendanceClient):
    """Hands events over and never hears the answer."""

    handed_over = asyncio.Event()

    @override
    async def receive_attendance(self, organization_id: OrganizationId, event: AttendanceEvent) -> None:
        await super().receive_attendance(organization_id, event)
        self.handed_over.set()
        await asyncio.Event().wait()


@pytest.fixture
def postman(
    databases: Mapping[str, DatabaseUrls], scheduler_database: Database, intake: AttendanceClient, clock: Clock
) -> Postmen:
    """Runs postmen in this process; each ends, with its connection, when its block does."""

    @asynccontextmanager
    async def run(records: AttendanceClient = intake) -> AsyncIterator[None]:
        connection = await asyncpg.connect(databases["scheduler"].app)
        sites = SiteTelling(scheduler_database, records, newest)
        postman = Postman(connection, AttendanceTelling(scheduler_database, records, clock), sites)
        running = asyncio.create_task(postman.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await connection.close()

    return run


@pytest.fixture
async def session(desk: Desk, people: People, at: Any, queue: Any) -> Json:
    assert queue is not None
    [session] = await desk.publish(group(people.ann, people.ben))
    at(TUESDAY_NINE)
    return session


@pytest.fixture
def record(scheduler: ClientFactory, session: Json) -> Callable[..., Awaitable[Json]]:
    async def send(patient: Json, status: str = "arrived") -> Json:
        answer = await scheduler(Role.FRONT_DESK).post(
            f"/v1/appointments/{session['id']}/attendances", json={"patient_id": patient["id"], "status": status}
        )
        assert answer.status_code == 201, answer.text
        recorded: Json = answer.json()
        return recorded

    return send


@pytest.fixture
def encounters(records: ClientFactory) -> Callable[[Json], Awaitable[list[Json]]]:
    async def read(patient: Json) -> list[Json]:
        answer = await records(Role.PROGRAMME_DIRECTOR).get(f"/v1/patients/{patient['id']}/encounters")
        found: list[Json] = answer.json()["items"]
        return found

    return read


@pytest.fixture
def until(scheduler_database: Database, organization_id: UUID, queue: Any) -> Until:
    """Waits until a statement counts so many in the test's organization, and lets no job wait for the wall's clock."""

    async def wait(statement: str, wanted: int) -> None:
        async with asyncio.timeout(120):
            while True:
                async with scheduler_database.read(OrganizationId(organization_id)) as read:
                    if await read.connection.fetchval(statement) >= wanted:
                        return
                await queue.execute("update pgqueuer set execute_after = now() where execute_after > now()")
                await asyncio.sleep(0.02)

    return wait


async def test_what_was_recorded_while_nobody_delivered_is_delivered_once(
    *, postman: Postmen, people: People, record: Any, encounters: Any, until: Until, desk: Desk
) -> None:
    await record(people.ann)
    await record(people.ben, "noshow")

    async with AsyncExitStack() as postmen:
        for _ in range(2):
            await postmen.enter_async_context(postman())
        await until(DELIVERED, 2)

    assert [one["status"] for one in await encounters(people.ann)] == ["arrived"]
    assert [one["status"] for one in await encounters(people.ben)] == ["noshow"]
    assert await desk.run("select attempts, refusals from attendance_deliveries") == [(1, 0), (1, 0)]


async def test_while_records_is_down_it_is_kept_and_tried_and_never_parked(
    *,
    postman: Postmen,
    nobody: AttendanceClient,
    people: People,
    record: Any,
    encounters: Any,
    until: Until,
    desk: Desk,
) -> None:
    await record(people.ann)

    async with postman(nobody):
        await until(TRIED, MOST_REFUSALS + 1)
    before = await encounters(people.ann)
    async with postman():
        await until(DELIVERED, 1)

    assert (before, len(await encounters(people.ann))) == ([], 1)
    assert await desk.run("select refusals, parked_at from attendance_deliveries") == [(0, None)]


async def test_what_a_postman_had_handed_over_when_it_died_is_one_encounter(
    *,
    postman: Postmen,
    http: HttpClient,
    records_url: str,
    clock: Clock,
    people: People,
    record: Any,
    encounters: Any,
    until: Until,
) -> None:
    forgetful = Forgetful(http, records_url, bytes(32), clock)
    forgetful.handed_over = asyncio.Event()
    await record(people.ann)
    async with postman(forgetful), asyncio.timeout(60):
        await forgetful.handed_over.wait()
    handed_over = await encounters(people.ann)

    async with postman():
        await until(DELIVERED, 1)

    assert len(handed_over) == 1
    assert await encounters(people.ann) == handed_over


async def test_the_newest_revision_counts_in_whichever_order_they_are_told(
    *, postman: Postmen, people: People, record: Any, encounters: Any, until: Until, queue: Any, scheduler: Any
) -> None:
    first = await record(people.ann, "arrived")
    kept_back = await queue.fetch("delete from pgqueuer where payload not like '%site%'::bytea returning payload")
    amendment = {"status": "fulfilled", "minutes_left_early": 20, "reason": "entered_in_error"}
    amended = await scheduler(Role.FRONT_DESK).post(f"/v1/attendances/{first['id']}:amend", json=amendment)
    assert amended.status_code == 201, amended.text

    async with postman():
        await until(DELIVERED, 1)
        newest = await encounters(people.ann)
        [row] = kept_back
        await queue.execute(
            "insert into pgqueuer (priority, entrypoint, payload, status, execute_after)"
            " values (0, 'attendance', $1, 'queued', now())",
            row["payload"],
        )
        await until(DELIVERED, 2)

    assert [(one["status"], one["revision"]) for one in newest] == [("fulfilled", 2)]
    assert await encounters(people.ann) == newest


@pytest.fixture
async def poison(
    scheduler_database: Database, organization_id: UUID, people: People, record: Any, clock: Clock
) -> AttendanceCall:
    """An event about somebody whom records does not know."""
    organization = OrganizationId(organization_id)
    stranger = {
        "id": AttendanceId(fresh_id(clock.now())),
        "patient_id": PatientId(uuid4()),
        **dict.fromkeys(("excused", "call_out_reason", "amendment_reason")),
    }
    told = Attendance.model_validate({**await record(people.ann), **stranger})
    call = AttendanceCall(organization, told.id)
    async with scheduler_database.command(organization) as db:
        await storage.insert_revision(db, organization, told)
        await enqueue_attendance(db, call, clock.now() - clock.now())
    return call


async def test_what_records_refuses_is_parked_where_the_desk_sees_it_and_nothing_waits_for_it(
    *,
    postman: Postmen,
    poison: AttendanceCall,
    people: People,
    record: Any,
    encounters: Any,
    until: Until,
    queue: Any,
    scheduler: ClientFactory,
) -> None:
    await record(people.ben)
    desk = scheduler(Role.FRONT_DESK)

    async with postman():
        await until(DELIVERED, 2)
        await until(PARKED, 1)
    [parked] = (await desk.get("/v1/parked_attendances")).json()["items"]
    elsewhere = await scheduler(Role.FRONT_DESK, organization=uuid4()).get("/v1/parked_attendances")
    waiting = await queue.fetchval("select count(*) from pgqueuer where payload = $1", payload_of(poison))

    assert (parked["id"], parked["attempts"]) == (str(poison.attendance_id), MOST_REFUSALS)
    assert parked["refusal"] == "urn:eventide:problem:not-found"
    assert elsewhere.json()["items"] == []
    assert waiting == 0
    assert [len(await encounters(patient)) for patient in (people.ann, people.ben)] == [1, 1]


async def test_what_is_parked_is_told_again_when_the_desk_says_so_and_what_is_not_is_left_alone(
    *,
    postman: Postmen,
    poison: AttendanceCall,
    until: Until,
    queue: Any,
    scheduler: ClientFactory,
    people: People,
    record: Any,
) -> None:
    desk, path = scheduler(Role.FRONT_DESK), f"/v1/attendances/{poison.attendance_id}:tell_again"
    async with postman():
        await until(PARKED, 1)
    other = await record(people.ben)

    refused = await scheduler(Role.COUNSELLOR).post(path)
    elsewhere = await scheduler(Role.FRONT_DESK, organization=uuid4()).post(path)
    told = await desk.post(path)
    twice = await desk.post(path)
    unparked = await desk.post(f"/v1/attendances/{other['id']}:tell_again")
    missing = await desk.post(f"/v1/attendances/{uuid4()}:tell_again")

    answers = (refused, elsewhere, told, twice, unparked, missing)
    assert [answer.status_code for answer in answers] == [403, 404, 204, 409, 409, 404]
    assert twice.json()["code"] == "not-parked"
    assert (await desk.get("/v1/parked_attendances")).json()["items"] == []
    assert await queue.fetchval("select count(*) from pgqueuer where payload = $1", payload_of(poison)) == 1
    async with postman():
        await until(PARKED, 1)


async def test_who_cannot_sign_is_refused_for_that_and_the_events_wait(
    *,
    postman: Postmen,
    http: HttpClient,
    records_url: str,
    clock: Clock,
    people: People,
    record: Any,
    until: Until,
    desk: Desk,
) -> None:
    await record(people.ann)

    async with postman(AttendanceClient(http, records_url, b"x" * 32, clock)):
        await until(TRIED, MOST_REFUSALS + 1)

    [(parked_at,)] = await desk.run("select parked_at from attendance_deliveries")
    assert parked_at is None


def payload_of(call: AttendanceCall) -> bytes:
    return orjson.dumps([str(call.organization_id), str(call.attendance_id)])
