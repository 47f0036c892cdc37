"""What a process that ended, or a gateway that was away, has left untold is told by a round, once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.care_teams.alerts import AlertRounds
from services.records.care_teams.storage import untold_in
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.support.gateways import PlayedGateway

GLASS = {"nature": "overdose", "reason": "Found unconscious in the waiting room."}

Break = Callable[[UUID], Awaitable[dict[str, Any]]]
RoundAfter = Callable[[timedelta], Coroutine[Any, Any, None]]

pytestmark = pytest.mark.committed


@pytest.fixture
async def records_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    opened = OpenDatabase(databases["records"].app, pool_size=6)
    yield await opened.open()
    await opened.close()


@pytest.fixture
async def nothing_untold(records_database: Database) -> None:
    async with records_database.read(None) as read:
        await read.connection.execute("delete from untold_emergencies")


@pytest.fixture
def break_glass(nothing_untold: None, records: ClientFactory, new_patient: PatientFactory) -> Break:  # noqa: ARG001 - the table spans organizations
    async def broken(account: UUID) -> dict[str, Any]:
        patient = await new_patient()
        path = f"/v1/patients/{patient['id']}/emergency_accesses"
        answer = await records(Role.NURSE, account=account).post(path, json=GLASS)
        assert answer.status_code == 201, answer.text
        access: dict[str, Any] = answer.json()
        return access

    return broken


@pytest.fixture
def round_after(records_database: Database, played_gateway: PlayedGateway, clock: Clock) -> RoundAfter:
    async def look(after: timedelta) -> None:
        later = Clock(clock.now() - Clock().now() + after)
        await AlertRounds(untold_in(records_database), played_gateway, later).round()

    return look


async def test_what_a_process_that_ended_has_not_told_is_told_once(
    *,
    break_glass: Break,
    round_after: RoundAfter,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
    organization_id: UUID,
) -> None:
    """Before, the record was open, and nobody was ever told."""
    account = uuid4()

    async def ends(_: str) -> EmergencyAlert:
        raise asyncio.CancelledError

    with monkeypatch.context() as ending:
        ending.setattr(played_gateway, "alert_emergency", ends)
        with pytest.raises(asyncio.CancelledError):
            await break_glass(account)

    told = []
    for seconds in (30, 90, 600, 7200):
        await round_after(timedelta(seconds=seconds))
        told.append([(where, event.account_id) for where, event in played_gateway.events])

    assert told == [[], *[[(organization_id, account)]] * 3]


async def test_what_was_told_at_once_is_not_told_again(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway
) -> None:
    await break_glass(uuid4())

    await round_after(timedelta(minutes=2))

    assert (len(played_gateway.alerts), played_gateway.events) == (1, [])


async def test_while_the_gateway_is_away_it_stays_untold_and_the_next_round_tells_it(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway
) -> None:
    played_gateway.is_away = True
    with capture_logs() as logged:
        accesses = [(await break_glass(uuid4()))["id"] for _ in range(2)]
        await round_after(timedelta(minutes=2))
    played_gateway.is_away = False

    await round_after(timedelta(minutes=4))

    failures = [line for line in logged if line["event"] == "emergency alert not sent"]
    assert [line["error_type"] for line in failures] == ["UpstreamUnavailableError"] * 3
    assert sorted(str(event.id) for _, event in played_gateway.events) == accesses


async def test_two_processes_do_not_tell_the_same(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    played_gateway.is_away = True
    access = await break_glass(uuid4())
    played_gateway.is_away = False
    begun, is_over, told = asyncio.Event(), asyncio.Event(), list[str]()

    async def takes_its_time(_: UUID, event: EmergencyEvent) -> EmergencyAlert:
        told.append(str(event.id))
        begun.set()
        await is_over.wait()
        return EmergencyAlert(letters=1)

    monkeypatch.setattr(played_gateway, "receive_emergency", takes_its_time)
    one = asyncio.create_task(round_after(timedelta(minutes=2)))
    async with asyncio.timeout(30):
        await begun.wait()
    await round_after(timedelta(minutes=2))
    is_over.set()
    await one

    assert told == [access["id"]]


async def test_many_are_told_once_each_by_rounds_at_the_same_time(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway
) -> None:
    played_gateway.is_away = True
    accesses = [(await break_glass(uuid4()))["id"] for _ in range(6)]
    played_gateway.is_away = False

    await asyncio.gather(*(round_after(timedelta(minutes=2)) for _ in range(4)))

    assert sorted(str(event.id) for _, event in played_gateway.events) == accesses


async def test_after_a_day_nobody_is_told_any_more_and_the_log_says_so(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway
) -> None:
    played_gateway.is_away = True
    await break_glass(uuid4())
    played_gateway.is_away = False

    with capture_logs() as logged:
        for hours in (24, 25):
            await round_after(timedelta(hours=hours, seconds=1))

    assert played_gateway.events == []
    assert [line["count"] for line in logged if line["event"] == "emergency alerts given up"] == [1]
