"""An outbox beneath the routes: subjects queue notices in their own transactions."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx2
import orjson
import pytest
from aiohttp import web

from services.chassis.clock import Clock
from services.chassis.database import Database, Read, driver_connection
from services.chassis.root_keys import RootKeys
from services.chassis.webhooks import signed_headers
from services.contracts.identifiers import AppointmentId, NoticeId, OrganizationId, PatientId, PractitionerId, SiteId
from services.contracts.identity import Role
from services.contracts.scheduler.notices import Notice
from services.contracts.vocabulary import Modality
from services.scheduler.notices.channel import MessageChannel, WebhookChannel
from services.scheduler.notices.delivering import Deliveries
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.own_schedule_telling import OwnScheduleTelling
from services.scheduler.offers.pages import OfferPages
from services.scheduler.sites.logic import SitesReader
from tests.conftest import ClientFactory
from tests.scheduler.conftest import ZONE, Json, Make
from tests.support.outside import stranger
from tests.support.serving import call_in_process

NEW_YORK = ZoneInfo(ZONE)


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of October 2026 in New York, whose tests' clock stands at Friday 2nd, 08:00."""
    return datetime(2026, 10, day, hour, minute, tzinfo=NEW_YORK)


def sitting(start: datetime, modality: Modality = Modality.ON_SITE, minutes: int = 90) -> Sitting:
    return Sitting(start, start + timedelta(minutes=minutes), modality)


@pytest.fixture
async def site(new_site: Make) -> Json:
    return await new_site()


@pytest.fixture
def patient_id() -> PatientId:
    return PatientId(uuid4())


@pytest.fixture
def facts(site: Json) -> Callable[..., NoticeFacts]:
    """Facts about one appointment at the site, always the same one unless told otherwise."""
    appointment_id = AppointmentId(uuid4())

    def make(**given: Any) -> NoticeFacts:
        return NoticeFacts(**{"site_id": SiteId(UUID(site["id"])), "appointment_id": appointment_id, **given})

    return make


class Provider:
    """A delivery provider on this machine: what it is sent, and what it answers."""

    def __init__(self) -> None:
        self.status = 202
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.Response(status=self.status)

    @property
    def messages(self) -> list[Json]:
        return [orjson.loads(body)["data"] for _, body in self.got]


SECRET = bytes(range(32))


@pytest.fixture
async def provider(scheduler_app: Any, scheduler: ClientFactory) -> AsyncIterator[Provider]:
    """The organization's provider, which stands on this machine."""
    scheduler_app.state.message_channel = WebhookChannel(allows_loopback=True)
    provider = Provider()
    async with stranger(provider.take) as url:
        provider.url = f"{url}/messages"
        body = {"url": provider.url, "secret": "whsec_" + base64.b64encode(SECRET).decode()}
        answer = await scheduler(Role.ORGANIZATION_ADMIN).put("/v1/notice_provider", json=body)
        assert answer.status_code == 200, answer.text
        yield provider


@pytest.fixture
async def kim(new_patient: Make, site: Json, scheduler: ClientFactory) -> PatientId:
    """A patient who has agreed to be written to, in English, by SMS."""
    patient = await new_patient(site)
    body = {"channel": "sms", "address": "+12065550199", "opted_in": True}
    path = f"/v1/patients/{patient['id']}/notice_preference"
    answer = await scheduler(Role.FRONT_DESK).put(path, json=body)
    assert answer.status_code == 200, answer.text
    return PatientId(UUID(patient["id"]))


def clock_at(instant: datetime) -> Clock:
    return Clock(instant - Clock().now())


Deliver = Callable[..., Awaitable[None]]


@pytest.fixture
def deliver(scheduler_database: Database, organization_id: UUID, clock: Clock) -> Deliver:
    """Does what a courier does about one notice."""

    async def run(
        notice: Notice, *, at: datetime | None = None, channel: MessageChannel | None = None, page: str | None = None
    ) -> None:
        now = clock if at is None else clock_at(at)
        deliveries = Deliveries(
            scheduler_database,
            channel or WebhookChannel(allows_loopback=True),
            OfferPages(page, now),
            RootKeys.of(bytes(32)),
            now,
        )
        await deliveries.deliver(OrganizationId(organization_id), notice.id)

    return run


Outbox = Callable[[], AbstractAsyncContextManager[NoticesLogic]]


@pytest.fixture
def outbox(scheduler_database: Database, organization_id: UUID, clock: Clock) -> Outbox:
    """Opens a business transaction with the outbox in it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[NoticesLogic]:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            sites = SitesReader(Read(await driver_connection(db)))
            yield NoticesLogic(db, organization, sites, clock)

    return opened


Report = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
def report(scheduler_app: object, organization_id: UUID, clock: Clock) -> Report:
    """Reports what became of a message, as its provider does."""

    async def post(
        notice_id: object,
        status: str = "delivered",
        *,
        secret: bytes = SECRET,
        at: timedelta = timedelta(),
        to: UUID | None = None,
        **changes: str,
    ) -> httpx2.Response:
        body = orjson.dumps({"notice_id": str(notice_id), "status": status})
        headers = {
            "content-type": "application/json",
            **signed_headers(secret, "receipt-1", clock.now() + at, body),
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        async with call_in_process(scheduler_app) as provider:
            path = f"/v1/organizations/{to or organization_id}/notice_receipts"
            return await provider.post(path, content=body, headers=headers)

    return post


NUMBER = "+12065550177"
Round = Callable[..., Awaitable[list[Json]]]
Hears = Callable[..., Awaitable[Json]]


@pytest.fixture
def hears(scheduler: ClientFactory, new_practitioner: Make, site: Json) -> Hears:
    """Makes a practitioner who has said how to be written to."""

    async def make(**changes: Any) -> Json:
        practitioner, account = await new_practitioner(site), uuid4()
        path = f"/v1/practitioners/{practitioner['id']}/account"
        named = await scheduler(Role.PROGRAMME_DIRECTOR).put(path, json={"account_id": str(account)})
        body = {"channel": "sms", "address": NUMBER, "opted_in": True, **changes}
        said = await scheduler(Role.COUNSELLOR, account=account).put("/v1/me/notice_preference", json=body)
        assert (named.status_code, said.status_code) == (200, 200), said.text
        return {**practitioner, "account": account}

    return make


@pytest.fixture
async def alex(hears: Hears) -> Json:
    return await hears()


@pytest.fixture
def round_(
    scheduler_database: Database, organization_id: UUID, scheduler: ClientFactory, site: Json, clock: Clock
) -> Round:
    """Does what a round does about practitioners, and returns every notice of one, the first one first."""

    async def run(at: datetime | None = None) -> list[Json]:
        organization = OrganizationId(organization_id)
        async with scheduler_database.command(organization) as db:
            await OwnScheduleTelling(db, organization, clock if at is None else clock_at(at)).plan()
        return await notices()

    async def notices() -> list[Json]:
        found = []
        for day in range(2, 9):
            path, asked = f"/v1/sites/{site['id']}/notices", {"day": f"2026-10-{day:02}"}
            found += (await scheduler(Role.FRONT_DESK).get(path, params=asked)).json()["items"]
        return sorted((one for one in found if one["practitioner_id"] is not None), key=lambda one: str(one["id"]))

    return run


def led_by(practitioner: Json) -> dict[str, Any]:
    return {"practitioner_id": PractitionerId(UUID(practitioner["id"]))}


async def send(deliver: Deliver, notice: Json, at: datetime | None = None) -> None:
    class Named:
        id = NoticeId(UUID(notice["id"]))

    named: Any = Named
    await deliver(named, at=at)
