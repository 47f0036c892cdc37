"""Records learns who came: written with the record, told at least once, and taken once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.errors import UpstreamUnavailableError
from services.chassis.http import HttpClient
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import AttendanceId, OrganizationId
from services.contracts.identity import Role
from services.contracts.records.encounters import AttendanceEvent
from services.scheduler.attendance.telling import AttendanceTelling
from services.scheduler.dispatch import AttendanceCall, pause_after, read_attendance_call
from tests.conftest import ClientFactory
from tests.scheduler.conftest import TUESDAY_NINE, Desk, Json, People, group

Encounters = Callable[[], Awaitable[list[Json]]]


class Nobody:
    """Records that does not answer."""

    async def receive_attendance(self, organization_id: OrganizationId, event: AttendanceEvent) -> None:
        raise UpstreamUnavailableError(f"records, for {organization_id} and {event.id}")


@pytest.fixture
async def intake(records_url: str, clock: Clock) -> AsyncIterator[AttendanceClient]:
    http = HttpClient()
    yield AttendanceClient(http, records_url, bytes(32), clock)
    await http.close()


@pytest.fixture
async def recorded(scheduler: ClientFactory, desk: Desk, people: People, at: Any) -> Json:
    [session] = await desk.publish(group(people.ann, people.ben))
    at(TUESDAY_NINE)
    answer = await scheduler(Role.FRONT_DESK).post(
        f"/v1/appointments/{session['id']}/attendances",
        json={"patient_id": people.ann["id"], "status": "arrived", "minutes_late": 5},
    )
    assert answer.status_code == 201, answer.text
    kept: Json = answer.json()
    return kept


@pytest.fixture
def call(recorded: Json, organization_id: UUID) -> AttendanceCall:
    return AttendanceCall(OrganizationId(organization_id), AttendanceId(UUID(recorded["id"])))


@pytest.fixture
def encounters(records: ClientFactory, people: People) -> Encounters:
    async def read() -> list[Json]:
        answer = await records(Role.PROGRAMME_DIRECTOR).get(f"/v1/patients/{people.ann['id']}/encounters")
        found: list[Json] = answer.json()["items"]
        return found

    return read


@pytest.fixture
def telling(scheduler_database: Database, intake: AttendanceClient, clock: Clock) -> AttendanceTelling:
    return AttendanceTelling(scheduler_database, intake, clock)


async def queued(database: Database, call: AttendanceCall) -> list[AttendanceCall]:
    async with database.read(call.organization_id) as read:
        rows = await read.connection.fetch("select payload from pgqueuer where entrypoint = 'attendance'")
    return [one for one in map(read_attendance_call, (row["payload"] for row in rows)) if one == call]


async def test_what_is_recorded_becomes_an_encounter(
    scheduler_database: Database,
    telling: AttendanceTelling,
    encounters: Encounters,
    recorded: Json,
    call: AttendanceCall,
) -> None:
    assert await queued(scheduler_database, call) == [call]
    assert await encounters() == []

    for _ in range(2):
        await telling.tell(call)

    (found,) = await encounters()
    assert (found["appointment_id"], found["status"], found["minutes_late"]) == (
        recorded["appointment_id"],
        "arrived",
        5,
    )
    assert (found["service"], found["recorded_by"]) == ("process_group", recorded["recorded_by"])


async def test_what_records_did_not_hear_is_told_again(
    scheduler_database: Database,
    telling: AttendanceTelling,
    encounters: Encounters,
    call: AttendanceCall,
    clock: Clock,
) -> None:
    await AttendanceTelling(scheduler_database, Nobody(), clock).tell(call)
    assert await queued(scheduler_database, call) == [call, call]
    assert await encounters() == []

    await telling.tell(call)

    assert len(await encounters()) == 1


async def test_what_records_refuses_stays_to_be_told(
    scheduler_database: Database, records_url: str, call: AttendanceCall, clock: Clock
) -> None:
    http = HttpClient()
    forger = AttendanceClient(http, records_url, b"x" * 32, clock)

    await AttendanceTelling(scheduler_database, forger, clock).tell(call)
    await http.close()

    async with scheduler_database.read(call.organization_id) as read:
        row = await read.connection.fetchrow(
            "select attempts, delivered_at from attendance_deliveries where attendance_id = $1", call.attendance_id
        )
    assert tuple(row) == (1, None)


def test_pauses_double_up_to_five_minutes() -> None:
    assert [pause_after(attempts) // timedelta(seconds=1) for attempts in (0, 1, 2, 8, 9, 1000)] == [
        1,
        2,
        4,
        256,
        300,
        300,
    ]
