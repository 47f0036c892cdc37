"""Couriers on the real queue: what was committed is delivered, whoever dies in between."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from aiohttp import web
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy import text

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.chassis.root_keys import RootKeys
from services.contracts.identifiers import OrganizationId, PatientId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice, NoticeKind
from services.operator.postgres.provision import DatabaseUrls
from services.scheduler.dispatch import NOTICE, NoticeRound, enqueue_notice_round
from services.scheduler.notices.channel import WebhookChannel
from services.scheduler.notices.delivering import Deliveries
from services.scheduler.notices.facts import NoticeFacts
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.reminding import ReminderRounds
from services.scheduler.offers.pages import OfferPages
from services.scheduler.sites.logic import SitesReader
from services.scheduler.worker.courier import Courier
from services.scheduler.worker.lapses import LapsedHolds
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Desk, Json, Make, group
from tests.scheduler.notices.conftest import local, sitting
from tests.support.outside import stranger

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Provider:
    """A provider whose first answer may be kept back."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.asked = asyncio.Semaphore(0)
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append(orjson.loads(await request.read())["data"]["id"])
        self.asked.release()
        await self.may_answer.wait()
        return web.Response(status=202)


@pytest.fixture
async def provider(scheduler_app: Any, scheduler: ClientFactory) -> AsyncIterator[Provider]:
    scheduler_app.state.message_channel = WebhookChannel(allows_loopback=True)
    provider = Provider()
    async with stranger(provider.take) as url:
        answer = await scheduler(Role.ORGANIZATION_ADMIN).put(
            "/v1/notice_provider", json={"url": url, "secret": SECRET}
        )
        assert answer.status_code == 200, answer.text
        yield provider
        provider.may_answer.set()


@pytest.fixture
async def site(new_site: Make) -> Json:
    return await new_site()


@pytest.fixture
async def patient(new_patient: Make, site: Json, scheduler: ClientFactory) -> Json:
    patient = await new_patient(site)
    body = {"channel": "sms", "address": "+12065550199", "opted_in": True}
    await scheduler(Role.FRONT_DESK).put(f"/v1/patients/{patient['id']}/notice_preference", json=body)
    return patient


@pytest.fixture
def queue_notice(
    *, scheduler_database: Database, organization_id: UUID, clock: Clock, site: Json, patient: Json, queue: Any
) -> Callable[[], Awaitable[Notice]]:
    assert queue is not None
    organization = OrganizationId(organization_id)

    async def put() -> Notice:
        async with scheduler_database.command(organization) as db:
            notices = NoticesLogic(db, organization, SitesReader(Read(await driver_connection(db))), clock)
            facts = NoticeFacts(SiteId(UUID(site["id"])), before=sitting(local(7, 18)))
            patient_id = PatientId(UUID(patient["id"]))
            return await notices.queue(NoticeKind.SESSION_CANCELLED, patient_id, facts, dedupe_key=str(uuid4()))

    return put


@pytest.fixture
def courier(databases: Mapping[str, DatabaseUrls], scheduler_database: Database, clock: Clock) -> Callable[[], Any]:
    """Runs couriers in this process; each ends, with its connection, when its block does."""

    @asynccontextmanager
    async def run(later: timedelta = timedelta()) -> AsyncIterator[None]:
        now = Clock(clock.now() + later - Clock().now())
        connection = await asyncpg.connect(databases["scheduler"].app)
        channel = WebhookChannel(allows_loopback=True)
        deliveries = Deliveries(scheduler_database, channel, OfferPages(None, now), RootKeys.of(bytes(32)), now)
        rounds, lapses = ReminderRounds(scheduler_database, now), LapsedHolds(scheduler_database, now)
        running = asyncio.create_task(Courier(connection, deliveries, rounds, lapses).run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await connection.close()

    return run


async def status_of(scheduler: ClientFactory, notice: Notice, wanted: str) -> Json:
    client = scheduler(Role.FRONT_DESK)
    async with asyncio.timeout(30):
        found: Json = {}
        while found.get("status") != wanted:
            found = (await client.get(f"/v1/notices/{notice.id}")).json()
    return found


async def done_with_what_is_due(queue: Any) -> None:
    due = "select count(*) from pgqueuer where entrypoint = 'notice' and execute_after <= now()"
    async with asyncio.timeout(30):
        while await queue.fetchval(due) > 0:
            pass


async def test_what_was_committed_while_nobody_delivered_is_delivered_once(
    provider: Provider,
    queue_notice: Callable[[], Awaitable[Notice]],
    courier: Any,
    scheduler: ClientFactory,
    queue: Any,
) -> None:
    notice = await queue_notice()
    before = (await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{notice.id}")).json()

    async with AsyncExitStack() as couriers:
        for _ in range(2):
            await couriers.enter_async_context(courier())
        sent = await status_of(scheduler, notice, "sent")
        await done_with_what_is_due(queue)

    assert (before["status"], sent["attempts"]) == ("queued", 1)
    assert provider.got == [str(notice.id)]


async def test_what_a_courier_was_handing_over_when_it_died_is_handed_over_again_with_the_same_id(
    provider: Provider, queue_notice: Callable[[], Awaitable[Notice]], courier: Any, scheduler: ClientFactory
) -> None:
    provider.may_answer.clear()
    notice = await queue_notice()
    async with courier():
        async with asyncio.timeout(30):
            await provider.asked.acquire()
    left = (await scheduler(Role.FRONT_DESK).get(f"/v1/notices/{notice.id}")).json()
    provider.may_answer.set()

    async with courier():
        sent = await status_of(scheduler, notice, "sent")

    assert (left["status"], left["attempts"], sent["attempts"]) == ("sending", 1, 2)
    assert provider.got == [str(notice.id)] * 2


async def test_many_messages_do_not_wait_for_one(
    provider: Provider, queue_notice: Callable[[], Awaitable[Notice]], courier: Any, scheduler: ClientFactory
) -> None:
    provider.may_answer.clear()
    notices = [await queue_notice() for _ in range(3)]

    async with courier():
        async with asyncio.timeout(30):
            for _ in notices:
                await provider.asked.acquire()
        provider.may_answer.set()
        for notice in notices:
            await status_of(scheduler, notice, "sent")

    assert sorted(provider.got) == sorted(str(notice.id) for notice in notices)


async def test_ten_calls_of_one_round_that_are_taken_together_are_one_round(
    *, provider: Provider, scheduler_database: Database, organization_id: UUID, courier: Any, queue: Any
) -> None:
    """Bug: each of them was a round, which waited for the one before, in every place that a due notice needed."""
    assert provider.got == []
    organization = OrganizationId(organization_id)
    rounds = "select reminder_turn from notice_providers"
    await queue.execute("delete from pgqueuer")
    async with scheduler_database.command(organization) as db:
        before = await db.scalar(text(rounds))
        for _ in range(10):
            await enqueue_notice_round(db, NoticeRound(organization, None), timedelta())

    async with courier():
        await done_with_what_is_due(queue)

    async with scheduler_database.command(organization) as db:
        # As many jobs as are worked on at a time are taken together.
        assert await db.scalar(text(rounds)) - before == 2


async def test_the_seat_of_a_lapsed_hold_is_offered_once_however_often_couriers_are_called(
    *, desk: Desk, site: Json, patient: Json, new_patient: Make, scheduler: ClientFactory, courier: Any, queue: Any
) -> None:
    client, kim = scheduler(Role.FRONT_DESK), await new_patient(site)
    await client.put(f"/v1/sites/{site['id']}/offer_rule", json={"enabled": True})
    entry = {"patient_id": patient["id"], "service": "process_group"}
    assert (await client.post(f"/v1/sites/{site['id']}/waitlist_entries", json=entry)).status_code == 201
    [seat] = await desk.publish(group(capacity=2))
    assert (await desk.ask("hold", seat, kim, minutes=10)).status_code == 200
    # The queue goes by the clock on the wall: let the job come early there, and again when it is done.
    await queue.execute("update pgqueuer set execute_after = now()")
    [job] = await queue.fetch("select payload from pgqueuer where entrypoint = 'notice'")

    async with AsyncExitStack() as couriers:
        for _ in range(2):
            await couriers.enter_async_context(courier(timedelta(minutes=11)))
        await done_with_what_is_due(queue)
        await Queries(AsyncpgDriver(queue)).enqueue(NOTICE, job["payload"])
        await done_with_what_is_due(queue)

    [batch] = (await client.get(f"/v1/sites/{site['id']}/offer_batches")).json()["items"]
    assert [offer["patient_id"] for offer in batch["offers"]] == [patient["id"]]
    assert (batch["seats"], batch["automatic"]) == (1, True)
