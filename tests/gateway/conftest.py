"""The gateway under test, in front of services that the test itself plays."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.edge import Receive, Scope, Send
from services.chassis.fetching import Fetcher
from services.chassis.handing_over import Carrier, Handover
from services.chassis.http import HttpClient
from services.chassis.id_tokens import IdTokenKey
from services.chassis.webhooks import verify
from services.chassis.wiring import Process
from services.contracts.identity import Microservice, Role
from services.gateway.equipment import make_equipment
from services.gateway.letters.logic import Mail
from services.gateway.main import build
from services.gateway.openapi.documents import read_published
from services.gateway.passwords import Passwords
from services.gateway.proxy.hosts import LOOPBACK
from services.gateway.units import courier_of
from services.operator.postgres.provision import DatabaseUrls
from tests.support.databases import rolled_back
from tests.support.serving import call_in_process, nothing_to_open, served
from tests.support.tokens import ISSUER, Tokens, new_id_token_key, principal

ORIGIN = "https://app.eventide.test"
PUBLIC_URL = "https://eventide.test"
PASSWORD = "correct horse battery staple"

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


async def answer_json(send: Send, value: Any, *, status: int = 200, headers: Any = ()) -> None:
    fields = [(b"content-type", b"application/json"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": orjson.dumps(value), "more_body": False})


async def read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(receive)
    heard = {
        "method": scope["method"],
        "path": scope["raw_path"].decode(),
        "query": scope["query_string"].decode(),
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "body": body.decode(),
    }
    await answer_json(send, heard)


class Upstream:
    """A service that answers as the test says, and counts what reached it."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer: Answer = echo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        await self.answer(scope, receive, send)


class Switch:
    """One listening port for all tests; each test puts its own application behind it."""

    def __init__(self) -> None:
        self.url = ""
        self.app: Any = None

    @property
    def shortcut(self) -> Any:
        return getattr(self.app, "shortcut", None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@asynccontextmanager
async def _switch() -> AsyncIterator[Switch]:
    switch = Switch()
    async with served(switch) as switch.url:
        yield switch


@pytest.fixture(scope="session")
async def upstream_port() -> AsyncIterator[Switch]:
    async with _switch() as switch:
        yield switch


@pytest.fixture(scope="session")
async def gateway_port() -> AsyncIterator[Switch]:
    async with _switch() as switch:
        yield switch


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def upstream_url(upstream: Upstream, upstream_port: Switch) -> str:
    upstream_port.app = upstream
    return upstream_port.url


@pytest.fixture(scope="session")
def passwords() -> Iterator[Passwords]:
    made = Passwords(threads=2, queue=40)
    yield made
    made.close()


@pytest.fixture(scope="session")
def id_token_key() -> IdTokenKey:
    return new_id_token_key()


@pytest.fixture
async def gateway_database(databases: Mapping[str, DatabaseUrls]) -> AsyncIterator[Database]:
    async with rolled_back(databases["gateway"].app) as database:
        yield database


@pytest.fixture
async def gateway_app(
    *,
    gateway_database: Database,
    upstream_url: str,
    tokens: Tokens,
    clock: Clock,
    passwords: Passwords,
    id_token_key: IdTokenKey,
) -> AsyncIterator[Any]:
    http = HttpClient()
    app = build(nothing_to_open)
    app.state.equipment = make_equipment(
        keys=tokens.keys,
        issuer=ISSUER,
        clock=clock,
        http=http,
        upstreams={Microservice.RECORDS: upstream_url, Microservice.SCHEDULER: upstream_url},
        passwords=passwords,
        hosts={"eventide.test", *LOOPBACK},
        origins={ORIGIN},
        public_url=PUBLIC_URL,
        id_token_keys=(id_token_key,),
        fetcher=Fetcher(largest=64 * 1024, allows_loopback=True),
        sealing_key=bytes(32),
    )
    app.state.process = Process(clock, gateway_database, app.state.equipment.authenticator)
    app.state.published = read_published()
    yield app
    app.state.equipment.front.forwarder.close()
    await http.close()


@pytest.fixture
def switched_on(gateway_app: Any) -> None:
    """Lets applications register themselves, as `make_equipment` does it with `has_registration`."""
    equipment = gateway_app.state.equipment
    equipment.front.decisions._absent = frozenset()
    oauth = replace(equipment.oauth, has_registration=True)
    gateway_app.state.equipment = replace(equipment, oauth=oauth)


@pytest.fixture
def gateway_url(gateway_app: Any, gateway_port: Switch) -> str:
    gateway_port.app = gateway_app
    return gateway_port.url


class Relay:
    """Who carries letters: keeps what it was handed, and answers as the test says."""

    secret = bytes(range(32))
    page = "https://app.eventide.test/account"

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.status = 204
        self.handed: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        verify(self.secret, headers, self.clock.now(), body)
        self.handed.append(orjson.loads(body)["data"])
        assert headers["webhook-id"] == self.handed[-1]["id"]
        await answer_json(send, {}, status=self.status)

    @property
    def secrets(self) -> list[str]:
        """What the links in the letters open with."""
        return [letter["text"].partition("#")[2].partition("=")[2].split()[0] for letter in self.handed]


@dataclass
class Post:
    """Letters on their way: the relay that they are handed to, and the carrying."""

    relay: Relay
    app: Any
    database: Database
    clock: Clock

    async def carry(self, *, after: timedelta = timedelta()) -> None:
        """Carry all letters that are due after so long."""
        later = Clock(self.clock.now() - Clock().now() + after)
        self.relay.clock = later
        courier = courier_of(self.database, self.app.state.equipment, later)
        while await courier.round():
            pass


@pytest.fixture
def post(gateway_app: Any, gateway_database: Database, upstream: Upstream, upstream_url: str, clock: Clock) -> Post:
    """A relay that takes letters; without it the gateway sends none."""
    upstream.answer = relay = Relay(clock)
    mail = Mail(Carrier(f"{upstream_url}/letters", relay.secret), Handover(allows_loopback=True), page=relay.page)
    gateway_app.state.equipment = replace(gateway_app.state.equipment, mail=mail)
    return Post(relay, gateway_app, gateway_database, clock)


GatewayFactory = Callable[..., httpx2.AsyncClient]


@pytest.fixture
def gateway(gateway_app: Any, tokens: Tokens, organization_id: UUID, clients: AsyncExitStack) -> GatewayFactory:
    """Clients of the gateway: with an access token for these roles, or for none without any."""

    def client(*roles: Role, organization: UUID | None = None, account: UUID | None = None) -> httpx2.AsyncClient:
        platform = Role.PLATFORM_OPERATOR in roles
        where = None if platform else organization or organization_id
        token = tokens.access(principal(*roles, organization=where, account=account or uuid4()))
        made = call_in_process(gateway_app, headers={"authorization": f"Bearer {token}"} if roles else None)
        clients.push_async_callback(made.aclose)
        return made

    return client


@pytest.fixture
def operator(gateway: GatewayFactory) -> httpx2.AsyncClient:
    return gateway(Role.PLATFORM_OPERATOR)


NewOrganization = Callable[..., Awaitable[UUID]]
NewAccount = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def new_organization(operator: httpx2.AsyncClient) -> NewOrganization:
    async def make(name: str = "Harbour House") -> UUID:
        made = await operator.post("/v1/organizations", json={"name": name})
        assert made.status_code == 201, made.text
        return UUID(made.json()["id"])

    return make


@pytest.fixture
def new_account(operator: httpx2.AsyncClient, new_organization: NewOrganization) -> NewAccount:
    async def make(
        *,
        organization: UUID | None = None,
        email: str = "ada@example.org",
        password: str = PASSWORD,
        roles: tuple[Role, ...] = (Role.FRONT_DESK,),
    ) -> dict[str, Any]:
        where = organization or await new_organization()
        body = {"email": email, "password": password, "display_name": "Ada", "roles": list(roles)}
        made = await operator.post(f"/v1/organizations/{where}/accounts", json=body)
        assert made.status_code == 201, made.text
        account: dict[str, Any] = made.json()
        return account

    return make
