"""What a process that ended, or a gateway that was away, has left untold is told by a round, once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs
from typing_extensions import override

from services.chassis.clock import Clock
from services.chassis.database import Database, OpenDatabase
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.identifiers import EmergencyAccessId
from services.contracts.identity import Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.care_teams.alerts import AlertRounds
from services.records.care_teams.storage import UntoldEmergencies, untold_in
from tests.conftest import ClientFactory
from tests.records.conftest import PatientFactory
from tests.support.gateways import PlayedGateway

GLASS = {"nature": "overdose", "reason": "Found unconscious in the waiting room."}


class _SteppingClock(Clock):
    """Goes on where the test says so."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    @override
    def now(self) -> datetime:
        return self.at


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
        told.append([(event.organization_id, event.account_id) for event in played_gateway.events])

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
    assert sorted(str(event.id) for event in played_gateway.events) == accesses


async def test_two_processes_do_not_tell_the_same(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    played_gateway.is_away = True
    access = await break_glass(uuid4())
    played_gateway.is_away = False
    begun, is_over, told = asyncio.Event(), asyncio.Event(), list[str]()

    async def takes_its_time(event: EmergencyEvent) -> EmergencyAlert:
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


async def test_what_is_taken_late_in_a_round_is_told_by_no_other_round_meanwhile(
    *,
    break_glass: Break,
    records_database: Database,
    played_gateway: PlayedGateway,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
) -> None:
    """Before, a round had all that it took until a minute after its beginning, however late it took it."""
    played_gateway.is_away = True
    accesses = [(await break_glass(uuid4()))["id"] for _ in range(2)]
    played_gateway.is_away = False
    stepping, told = _SteppingClock(clock.now() + timedelta(minutes=2)), list[str]()

    async def takes_its_time(event: EmergencyEvent) -> EmergencyAlert:
        told.append(str(event.id))
        if len(told) == 1:
            stepping.at += timedelta(seconds=70)
        elif len(told) == 2:
            await AlertRounds(untold_in(records_database), played_gateway, stepping).round()
        return EmergencyAlert(letters=1)

    monkeypatch.setattr(played_gateway, "receive_emergency", takes_its_time)
    await AlertRounds(untold_in(records_database), played_gateway, stepping).round()

    assert sorted(told) == sorted(accesses)


async def test_whoever_broke_the_glass_does_not_wait_until_it_is_written_down_that_it_is_told(
    *, break_glass: Break, records_app: FastAPI, played_gateway: PlayedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, a database that did not answer kept them waiting, with somebody in danger."""
    is_back, drop = asyncio.Event(), UntoldEmergencies.drop

    async def hangs(untold: UntoldEmergencies, access_id: EmergencyAccessId) -> None:
        await is_back.wait()
        await drop(untold, access_id)

    monkeypatch.setattr(UntoldEmergencies, "drop", hangs)
    async with asyncio.timeout(30):
        await break_glass(uuid4())
    (telling,) = records_app.state.tellings
    is_written_down = telling.done()
    is_back.set()
    await telling

    assert (len(played_gateway.alerts), is_written_down) == (1, False)


async def test_many_are_told_once_each_by_rounds_at_the_same_time(
    break_glass: Break, round_after: RoundAfter, played_gateway: PlayedGateway
) -> None:
    played_gateway.is_away = True
    accesses = [(await break_glass(uuid4()))["id"] for _ in range(6)]
    played_gateway.is_away = False

    await asyncio.gather(*(round_after(timedelta(minutes=2)) for _ in range(4)))

    assert sorted(str(event.id) for event in played_gateway.events) == accesses


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
