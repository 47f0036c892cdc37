"""The same decision for the engines that carry the bytes themselves (gateway checklist 67 to 70)."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx2
import orjson
import pytest

from services.chassis.edge import Scope
from services.contracts.identity import Microservice, Role
from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.engines import Engine, TrustedEngines
from services.operator.bench.front_door import deployed, free_ports, running_nginx
from services.operator.drill.checklist.probes.requests import HEADS, TARGETS
from services.operator.tools import ToolMissingError, debian_tool
from services.policy.routes import ROUTES
from tests.gateway.conftest import ORIGIN, PASSWORD, NewAccount, Upstream
from tests.gateway.proxy.test_requests import HOSTS
from tests.support.raw_http import connection_to, head, read_head, send
from tests.support.tokens import Tokens, principal

LOOPBACK = ip_network("127.0.0.0/8")
ROLES = (Role.COUNSELLOR, Role.BILLING, Role.PATIENT)
# Where a body ends is between the caller and the engine; and to send a field twice is nothing that a scope of ASGI
# passes on to an engine's question.
OF_THE_CONNECTION = {"two hosts", "two lengths", "folded line", "folded line after a tab", "space before the colon",
                     "control character", "70 KiB", "name beyond ASCII", "encoded body"}  # fmt: skip
FRAMING = {"length and transfer coding", "negative length", "length with a plus", "unknown transfer coding",
           "body of a GET", "chunked body of a GET", "transfer coding in two parts",
           "transfer coding behind another"}  # fmt: skip

Fields = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """One request as an engine or we would get it."""

    name: str
    method: str
    target: str
    fields: tuple[tuple[str, str], ...] = ()
    host: str = "eventide.test"

    @property
    def headers(self) -> Fields:
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.fields]


class Heard(NamedTuple):
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes


async def call(app: Any, method: str, target: str, headers: Fields, *, peer: str = "127.0.0.1") -> Heard:
    raw_path, _, query = target.partition("?")
    scope: Scope = {
        "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "method": method, "scheme": "http",
        "path": unquote(raw_path), "raw_path": raw_path.encode("latin-1"), "query_string": query.encode("latin-1"),
        "headers": headers, "client": (peer, 4711), "server": ("127.0.0.1", 80), "root_path": "", "state": {},
    }  # fmt: skip
    messages: list[Any] = []
    read = False

    async def receive() -> Any:
        nonlocal read
        if read:
            return await never()
        read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def collect(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, collect)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    fields = {name.decode().lower(): value.decode("latin-1") for name, value in messages[0]["headers"]}
    return Heard(messages[0]["status"], fields, body)


async def never() -> Any:
    await asyncio.Event().wait()


def as_engine(engine: Engine, asked: Asked, client: str = "192.0.2.7") -> tuple[str, str, Fields]:
    """Return method, target and fields of the question that an engine puts about a request."""
    host, target = asked.host.encode("latin-1"), asked.target.encode("latin-1")
    if engine is Engine.ENVOY:
        return asked.method, f"/authz/envoy{asked.target}", [
            (b"host", host), *asked.headers, (b"x-forwarded-for", f"10.9.9.9, {client}".encode()),
        ]  # fmt: skip
    if engine is Engine.TRAEFIK:
        return "GET", "/authz/traefik", [
            (b"host", b"gateway:8080"), *asked.headers, (b"x-forwarded-method", asked.method.encode()),
            (b"x-forwarded-uri", target), (b"x-forwarded-host", host), (b"x-forwarded-for", client.encode()),
            (b"x-forwarded-proto", b"https"),
        ]  # fmt: skip
    framing = {b"content-length": b"x-original-content-length", b"transfer-encoding": b"x-original-transfer-encoding"}
    return "GET", "/authz/nginx", [
        (b"host", b"gateway"), *((framing.get(name, name), value) for name, value in asked.headers),
        (b"x-original-method", asked.method.encode()), (b"x-original-uri", target), (b"x-original-host", host),
        (b"x-original-client", client.encode()),
    ]  # fmt: skip


def _parsed(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


@pytest.fixture
def corpus(tokens: Tokens, organization_id: UUID) -> list[Asked]:
    def bearer(*roles: Role) -> tuple[str, str]:
        return "Authorization", f"Bearer {tokens.access(principal(*roles, organization=organization_id))}"

    counsellor = bearer(Role.COUNSELLOR)
    behind = [route for route in ROUTES if route.service is not Microservice.GATEWAY and not route.public]
    made = [
        Asked(f"{route.operation_id} as {role}", route.method, re.sub(r"\{[a-z_]+\}", str(organization_id), route.path),
              (bearer(role), ("Content-Length", "0")))
        for number, route in enumerate(behind[::3]) for role in (ROLES[number % 3], ROLES[(number + 1) % 3])
    ]  # fmt: skip
    made += [Asked(f"target: {name}", "GET", target, (counsellor,)) for name, target in TARGETS.items()]
    made += [Asked(f"host: {name}", "GET", "/v1/patients", (counsellor,), host) for name, host in HOSTS.items()]
    made += [
        Asked(f"head: {name}", "GET", "/v1/patients", (
            *([] if any("Authorization" in line for line in lines) else [counsellor]), *map(_parsed, lines)))
        for name, (_, lines) in HEADS.items() if name not in OF_THE_CONNECTION
    ]  # fmt: skip
    others = [
        ("nobody", "GET", "/v1/patients", ()),
        ("scheme of another kind", "GET", "/v1/patients", (("Authorization", "Basic eDp5"),)),
        ("token that is none", "GET", "/v1/patients", (("Authorization", "Bearer x"),)),
        ("method that is not there", "DELETE", "/v1/patients", (counsellor,)),
        ("method that nobody knows", "BREW", "/v1/patients", (counsellor,)),
        ("path that is not there", "GET", "/v1/nothing", (counsellor,)),
        ("what services keep among themselves", "GET", "/v1/week_requirements", (counsellor,)),
        ("query", "GET", "/v1/patients?page_size=2&name=%C3%A9", (counsellor,)),
    ]
    return made + [Asked(*one) for one in others]


@pytest.fixture
def trusting_app(gateway_app: Any) -> Any:
    equipment = gateway_app.state.equipment
    own = [ip_network("127.0.0.1/32")]
    front = replace(equipment.front, engines=TrustedEngines([LOOPBACK]), proxies=TrustedProxies(own))
    gateway_app.state.equipment = replace(equipment, front=front)
    return gateway_app


@pytest.mark.parametrize("engine", list(Engine))
async def test_an_engine_is_told_what_the_same_request_meets_here(
    trusting_app: Any, corpus: list[Asked], engine: Engine
) -> None:
    assert len(corpus) > 150
    differing, permitted = [], 0
    for asked in corpus:
        if engine is not Engine.NGINX and asked.name.removeprefix("head: ") in FRAMING:
            continue
        if engine is Engine.ENVOY and asked.target[0] != "/":
            continue  # Envoy refuses it itself: there is no path to put the question at
        here = await call(trusting_app, asked.method, asked.target, [(b"host", asked.host.encode()), *asked.headers])
        told = await call(trusting_app, *as_engine(engine, asked))
        assertion = dict(orjson.loads(here.body)["headers"]).get("authorization") if here.status == 200 else None
        permitted += here.status == 200
        status = int(told.headers.get("x-gw-status", told.status))
        if (here.status, assertion) != (status, told.headers.get("x-gw-assertion")):
            differing.append((asked.name, here.status, status))

    assert differing == []
    assert permitted > 30


@pytest.mark.parametrize("engine", list(Engine))
async def test_by_default_nobody_may_ask(gateway_app: Any, corpus: list[Asked], engine: Engine) -> None:
    assert (await call(gateway_app, *as_engine(engine, corpus[0]))).status in (404, 400)


@pytest.mark.parametrize("peer", ["192.0.2.1", "::1", "not an address", "128.0.0.1"])
async def test_whom_the_operator_did_not_name_may_not_ask(trusting_app: Any, corpus: list[Asked], peer: str) -> None:
    _, target, fields = as_engine(Engine.NGINX, corpus[0])

    answer = await call(trusting_app, "GET", target, [*fields, (b"x-forwarded-for", b"127.0.0.1")], peer=peer)

    assert "x-gw-assertion" not in answer.headers
    assert answer.status == 400  # it asks for the engine's name of this gateway, which is no name of ours


@pytest.mark.parametrize("name", ["x-original-method", "x-original-uri", "x-original-host", "x-original-client"])
@pytest.mark.parametrize("is_twice", [True, False])
async def test_what_an_engine_says_twice_or_not_at_all_is_refused(
    trusting_app: Any, corpus: list[Asked], name: str, *, is_twice: bool
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    _, target, fields = as_engine(Engine.NGINX, permitted)
    told = [value for field, value in fields if field == name.encode()]
    changed = [*fields, (name.encode(), told[0])] if is_twice else [one for one in fields if one[0] != name.encode()]

    answer = await call(trusting_app, "GET", target, changed)

    assert (answer.status, answer.headers["x-gw-status"]) == (403, "400")
    assert "x-gw-assertion" not in answer.headers


async def test_only_a_read_with_a_token_may_be_remembered_by_an_engine(trusting_app: Any, corpus: list[Asked]) -> None:
    read = next(one for one in corpus if one.name == "query")
    public = Asked("public", "POST", "/v1/offered_times:look")
    heard = {
        name: (await call(trusting_app, *as_engine(Engine.NGINX, one))).headers
        for name, one in (("read", read), ("write", read._replace(method="POST")), ("public", public))
    }

    assert {name: fields["x-decision-cache"] for name, fields in heard.items()} == {
        "read": "private", "write": "no", "public": "no",
    }  # fmt: skip
    assert (heard["public"]["x-gw-service"], "x-gw-assertion" in heard["public"]) == ("scheduler", False)
    assert {fields["cache-control"] for fields in heard.values()} == {"no-store"}


async def test_an_engine_s_caller_is_counted_by_the_address_that_the_engine_saw(trusting_app: Any) -> None:
    route = next(route for route in ROUTES if route.calls_per_minute and route.service is not Microservice.GATEWAY)
    asked = Asked("limited", route.method, route.path)

    async def ask(written: str, seen: str) -> int:
        _, target, fields = as_engine(Engine.TRAEFIK, asked)
        others = [field for field in fields if field[0] != b"x-forwarded-for"]
        client = f"{written}, {seen}".encode()
        return (await call(trusting_app, "GET", target, [*others, (b"x-forwarded-for", client)])).status

    most = route.calls_per_minute or 0
    mine = [await ask(f"198.51.100.{number}", "192.0.2.7") for number in range(most + 1)]
    theirs = await ask("192.0.2.7", "192.0.2.8")

    assert mine == [200] * most + [429]
    assert theirs == 200


async def test_what_is_for_the_gateway_itself_is_counted_when_it_comes_and_not_when_it_is_asked_about(
    trusting_app: Any,
) -> None:
    route = next(route for route in ROUTES if route.calls_per_minute and route.service is Microservice.GATEWAY)
    question = as_engine(Engine.NGINX, Asked("limited", route.method, route.path))

    answers = [(await call(trusting_app, *question)).status for _ in range((route.calls_per_minute or 0) + 1)]

    assert set(answers) == {200}


def _nginx_program() -> str:
    try:
        return debian_tool("nginx", "nginx-light")
    except ToolMissingError as missing:
        pytest.skip(f"NOT TRIED with a real nginx: {missing}")


@pytest.fixture
def nginx_url(trusting_app: Any, gateway_url: str, upstream_url: str, tmp_path: Path) -> Iterator[str]:
    """The configuration that we ship, in a real nginx, which a machine gets where we may, or the skip says so."""
    program, (port,) = _nginx_program(), free_ports(1)
    text = deployed(urlsplit(gateway_url).netloc, urlsplit(upstream_url).netloc, port)
    assert trusting_app.state.equipment.front.engines is not None
    with running_nginx(program, tmp_path, "eventide", text, port) as door:
        yield door.url


@pytest.fixture
async def through_nginx(nginx_url: str) -> Any:
    transport = httpx2.AsyncHTTPTransport(retries=20)
    async with httpx2.AsyncClient(transport=transport, base_url=nginx_url, headers={"host": "eventide.test"}) as client:
        yield client


async def test_nginx_forwards_what_is_permitted_with_our_word_instead_of_the_callers(
    through_nginx: httpx2.AsyncClient, corpus: list[Asked], tokens: Tokens
) -> None:
    asked = next(one for one in corpus if one.name == "query")
    spoofed = {
        "x-gw-assertion": "Bearer x", "x-original-uri": "/v1/sites", "x-original-method": "DELETE", "x-user": "root",
        "x-forwarded-for": "127.0.0.1", "x_user": "root", "cookie": "a=b", "eventide-timeout-ms": "29000",
    }  # fmt: skip

    read = await through_nginx.get(asked.target, headers={**dict(asked.fields), **spoofed})
    written = await through_nginx.post(
        "/v1/patients/x/commitment_sources", content=b"BEGIN", headers=dict(asked.fields)
    )

    heard = read.json()
    fields = dict(heard["headers"])
    assert (read.status_code, f"{heard['path']}?{heard['query']}") == (200, asked.target)
    claims = tokens.verifier(Microservice.RECORDS).verify(fields["authorization"].removeprefix("Bearer "), tokens.keys)
    assert sorted(claims.roles) == [Role.COUNSELLOR]
    assert set(fields) <= {"host", "authorization", "accept", "eventide-timeout-ms"}
    assert (written.status_code, written.json()["body"]) == (200, "BEGIN")


async def test_nginx_answers_what_is_refused_as_we_would(
    through_nginx: httpx2.AsyncClient, nginx_url: str, gateway_url: str, corpus: list[Asked], upstream: Upstream
) -> None:
    by_name = {one.name: one for one in corpus}
    names = ["nobody", "token that is none", "method that is not there", "path that is not there",
             "target: escaped slash", "target: escaped dots", "target: empty segment", "target: matrix parameter",
             "target: two dots", "host: foreign", "what services keep among themselves"]  # fmt: skip
    refused = [by_name[name] for name in names]
    refused.append(by_name["query"]._replace(name="role", fields=_as_a_patient(by_name)))
    await through_nginx.get("/livez")

    statuses = {one.name: [await _status(url, one) for url in (nginx_url, gateway_url)] for one in refused}

    assert all(first == second for first, second in statuses.values()), statuses
    assert {first for first, _ in statuses.values()} == {400, 401, 403, 404, 405}
    assert upstream.calls == 0


async def test_pages_of_the_gateway_have_their_own_policy_behind_nginx_and_answers_of_services_ours(
    through_nginx: httpx2.AsyncClient, gateway_url: str, corpus: list[Asked]
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    names = ["content-security-policy", "strict-transport-security", "x-frame-options", "access-control-allow-origin",
             "access-control-expose-headers"]  # fmt: skip
    asked = [("/docs", ()), (permitted.target, permitted.fields), ("/.well-known/jwks.json", ())]

    async with httpx2.AsyncClient(base_url=gateway_url, headers={"host": "eventide.test"}) as direct:
        for target, fields in asked:
            behind, here = [
                await client.get(target, headers={"origin": ORIGIN, **dict(fields)})
                for client in (through_nginx, direct)
            ]
            assert (behind.status_code, here.status_code) == (200, 200), target
            told = {name: behind.headers.get_list(name) for name in names}
            assert told == {name: here.headers.get_list(name) for name in names}, target
            assert all(len(told[name]) == 1 for name in names[:4]), target


async def test_a_page_s_preflight_is_answered_behind_nginx(through_nginx: httpx2.AsyncClient) -> None:
    fields = {"origin": ORIGIN, "access-control-request-method": "GET"}

    answer = await through_nginx.request("OPTIONS", "/v1/patients", headers=fields)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "GET" in answer.headers["access-control-allow-methods"]


async def test_a_browser_s_session_is_renewed_by_its_cookie_behind_nginx(
    through_nginx: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    await new_account()
    body = {"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"}
    created = await through_nginx.post("/v1/login_sessions", json=body)
    assert created.status_code == 201, created.text
    cookie = created.headers["set-cookie"].partition(";")[0]

    body = {"csrf_token": created.json()["csrf_token"]}

    renewed = await through_nginx.post("/v1/login_sessions:refresh", json=body, headers={"cookie": cookie})

    assert renewed.status_code == 200, renewed.text


async def test_who_calls_too_often_behind_nginx_stops_nobody_at_another_address(
    nginx_url: str, through_nginx: httpx2.AsyncClient
) -> None:
    route = next(route for route in ROUTES if route.operation_id == "open_authorization")
    await through_nginx.get("/livez")

    async def ask(address: str, times: int) -> list[int]:
        transport = httpx2.AsyncHTTPTransport(local_address=address)
        fields = {"host": "eventide.test", "x-forwarded-for": "192.0.2.9"}
        async with httpx2.AsyncClient(transport=transport, base_url=nginx_url, headers=fields) as client:
            return [(await client.get(route.path)).status_code for _ in range(times)]

    most = route.calls_per_minute or 0
    # Some are given back while they are used up: twice as many are too many all the same.
    mine, theirs = await ask("127.0.0.2", 2 * most), await ask("127.0.0.3", most // 2)

    assert 429 not in mine[:most]
    assert 429 in mine
    assert 429 not in theirs


@pytest.mark.parametrize(
    "target",
    ["/authz/nginx", "/authz/traefik", "/authz/envoy/v1/patients", "/%61uthz/nginx", "//authz/nginx",
     "/x/../authz/nginx", "/authz%2fnginx", "/authz/nginx/", "/authz/./nginx"],
)  # fmt: skip
async def test_nobody_puts_a_question_through_nginx(nginx_url: str, corpus: list[Asked], target: str) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    lines = [f"{name}: {value}" for name, value in permitted.fields]
    for shape in (Engine.NGINX, Engine.TRAEFIK):
        _, _, fields = as_engine(shape, permitted)
        lines += [f"{name.decode()}: {value.decode()}" for name, value in fields if name.startswith(b"x-")]

    async with connection_to(nginx_url) as connection:
        await send(connection, head(target, *lines, host="127.0.0.1"))
        status, answered = await asyncio.wait_for(read_head(connection), 30)

    assert status in (400, 404)
    assert not any(name.startswith("x-gw-") and name != "x-gw-status" for name in answered)


def _as_a_patient(by_name: dict[str, Asked]) -> tuple[tuple[str, str], ...]:
    return next(one.fields[:1] for name, one in by_name.items() if name.endswith(f"as {Role.PATIENT}"))


async def _status(url: str, asked: Asked) -> int:
    lines = [f"{name}: {value}" for name, value in asked.fields]
    async with connection_to(url) as connection:
        await send(connection, head(asked.target, *lines, method=asked.method, host=asked.host))
        return (await read_head(connection))[0]
