"""Fixtures that every service's tests share."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from hypothesis import settings

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.http import HttpClient
from services.chassis.migrations import upgrade
from services.chassis.root_keys import RootKeys
from services.chassis.tokens import KeyRing
from services.chassis.wiring import Process
from services.chassis.writing import Writer
from services.clients.records import RecordsClient
from services.contracts.identity import Microservice, Role
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import build as build_records
from services.scheduler.main import build as build_scheduler
from tests.support.databases import empty_databases, rolled_back
from tests.support.gateways import PlayedGateway
from tests.support.serving import call_in_process, nothing_to_open, served
from tests.support.tokens import LocalAuthenticator, Tokens, new_key, principal

SHARED = Path(__file__).resolve().parents[2] / "shared"
FRIDAY = datetime(2026, 10, 2, 12, tzinfo=UTC)

# How long an example takes says something of the machine, and nothing of what is tested.
# The gate tries the same examples every time, so that a change is refused for what it did; `explore` tries others.
settings.register_profile("eventide", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("eventide")

# Every answer that any test asks for is compared with what its schema writes.
Writer.is_checked = True

ClientFactory = Callable[..., httpx2.AsyncClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write the snapshots that guards compare with")


@pytest.fixture(scope="session")
def unmigrated_databases() -> Iterator[Mapping[str, DatabaseUrls]]:
    with empty_databases() as urls:
        yield urls


@pytest.fixture(scope="session")
def gateway_urls(unmigrated_databases: Mapping[str, DatabaseUrls]) -> DatabaseUrls:
    return _migrated("gateway", unmigrated_databases)


@pytest.fixture(scope="session")
def records_urls(unmigrated_databases: Mapping[str, DatabaseUrls]) -> DatabaseUrls:
    return _migrated("records", unmigrated_databases)


@pytest.fixture(scope="session")
def scheduler_urls(unmigrated_databases: Mapping[str, DatabaseUrls]) -> DatabaseUrls:
    return _migrated("scheduler", unmigrated_databases)


def _migrated(service: str, urls: Mapping[str, DatabaseUrls]) -> DatabaseUrls:
    upgrade(service, urls[service].owner)
    return urls[service]


@pytest.fixture(scope="session")
def databases(
    gateway_urls: DatabaseUrls, records_urls: DatabaseUrls, scheduler_urls: DatabaseUrls
) -> Mapping[str, DatabaseUrls]:
    return {"gateway": gateway_urls, "records": records_urls, "scheduler": scheduler_urls}


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock(FRIDAY - Clock().now())


@pytest.fixture(scope="session")
def tokens(clock: Clock) -> Tokens:
    return Tokens(KeyRing((new_key(),)), clock)


@pytest.fixture
def organization_id() -> UUID:
    return uuid4()


@pytest.fixture
async def records_database(records_urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with rolled_back(records_urls.app) as database:
        yield database


@pytest.fixture
async def scheduler_database(scheduler_urls: DatabaseUrls) -> AsyncIterator[Database]:
    async with rolled_back(scheduler_urls.app) as database:
        yield database


@pytest.fixture
async def clients() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def _factory(
    app: object, audience: Microservice, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack
) -> ClientFactory:
    def client(
        *roles: Role,
        organization: UUID | None = None,
        account: UUID | None = None,
        acting: Microservice | None = None,
    ) -> httpx2.AsyncClient:
        caller = principal(*roles, organization=organization or organization_id, account=account, acting=acting)
        made = call_in_process(app, headers={"authorization": f"Bearer {tokens.internal(caller, audience)}"})
        clients.push_async_callback(made.aclose)
        return made

    return client


@pytest.fixture
def played_gateway() -> PlayedGateway:
    return PlayedGateway()


@pytest.fixture
def records_app(records_database: Database, tokens: Tokens, clock: Clock, played_gateway: PlayedGateway) -> object:
    app = build_records(nothing_to_open)
    app.state.process = Process(clock, records_database, LocalAuthenticator(tokens, Microservice.RECORDS))
    app.state.root_keys = RootKeys.of(bytes(32))
    app.state.gateway = played_gateway
    return app


@pytest.fixture
def records(records_app: object, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> ClientFactory:
    return _factory(records_app, Microservice.RECORDS, tokens, organization_id, clients)


@pytest.fixture
async def records_url(records_app: object) -> AsyncIterator[str]:
    async with served(records_app) as url:
        yield url


@pytest.fixture
async def scheduler_app(
    scheduler_database: Database, records_url: str, tokens: Tokens, clock: Clock, played_gateway: PlayedGateway
) -> AsyncIterator[object]:
    http = HttpClient()
    app = build_scheduler(nothing_to_open)
    app.state.process = Process(clock, scheduler_database, LocalAuthenticator(tokens, Microservice.SCHEDULER))
    app.state.records = RecordsClient(http, records_url, tokens)
    app.state.root_keys = RootKeys.of(bytes(32))
    app.state.gateway = played_gateway
    yield app
    await http.close()


@pytest.fixture
def scheduler(scheduler_app: object, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> ClientFactory:
    return _factory(scheduler_app, Microservice.SCHEDULER, tokens, organization_id, clients)
