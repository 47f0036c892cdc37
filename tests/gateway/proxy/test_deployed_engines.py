"""The configurations that we ship, in real engines: what holds of one holds of each (gateway checklist 67 to 78)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import pytest
from jose import jwt

from services.chassis.edge import Edge
from services.chassis.telemetry import Metrics
from services.contracts.identity import Microservice, Role
from services.gateway.proxy.engines import Engine
from services.operator.tools import ToolMissingError
from services.policy.routes import ROUTES
from tests.gateway.conftest import ORIGIN, PASSWORD, NewAccount, Switch, Upstream, echo
from tests.gateway.proxy.corpus import Asked, as_engine
from tests.gateway.proxy.test_streams import EVENT, STREAM, rest
from tests.support.engines import running_engine
from tests.support.raw_http import connection_to, head, read_head, send, status_of
from tests.support.tokens import Tokens, principal


@pytest.fixture(scope="session", params=list(Engine))
def engine(request: pytest.FixtureRequest) -> Engine:
    chosen: Engine = request.param
    return chosen


@pytest.fixture(scope="session")
def door(
    engine: Engine, gateway_port: Switch, upstream_port: Switch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    addresses = {"gateway": urlsplit(gateway_port.url).netloc, "upstream": urlsplit(upstream_port.url).netloc}
    try:
        with running_engine(engine, tmp_path_factory.mktemp(engine), origin=ORIGIN, **addresses) as running:
            yield running.url
    except ToolMissingError as missing:
        pytest.skip(f"NOT TRIED with a real {engine}: {missing}")


@pytest.fixture
def door_url(door: str, trusting_app: Any, gateway_url: str) -> str:
    assert trusting_app.state.equipment.front.engines is not None
    assert gateway_url
    return door


@pytest.fixture
async def through(door_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=door_url, headers={"host": "eventide.test"}, timeout=30) as client:
        yield client


async def test_an_engine_forwards_what_is_permitted_with_our_word_instead_of_the_callers(
    through: httpx2.AsyncClient, engine: Engine, corpus: list[Asked], tokens: Tokens
) -> None:
    asked = next(one for one in corpus if one.name == "query")
    spoofed = {
        "x-gw-assertion": "Bearer x", "x-gw-service": "gateway", "x-original-uri": "/v1/sites", "x-user": "root",
        "x-original-method": "DELETE", "x-original-client": "192.0.2.9", "x-forwarded-for": "127.0.0.1",
        "x-forwarded-uri": "/v1/sites", "x-forwarded-method": "DELETE", "forwarded": "for=127.0.0.1", "cookie": "a=b",
        "dpop": "x", "eventide-timeout-ms": "29000",
    }  # fmt: skip

    read = await through.get(asked.target, headers={**dict(asked.fields), **spoofed})
    written = await through.post("/v1/patients/x/commitment_sources", content=b"BEGIN", headers=dict(asked.fields))

    heard = read.json()
    fields = dict(heard["headers"])
    assert (read.status_code, f"{heard['path']}?{heard['query']}") == (200, asked.target)
    assert len([name for name, _ in heard["headers"] if name == "authorization"]) == 1
    claims = tokens.verifier(Microservice.RECORDS).verify(fields["authorization"].removeprefix("Bearer "), tokens.keys)
    assert sorted(claims.roles) == [Role.COUNSELLOR]
    assert not {"cookie", "dpop", "x-gw-service"} & set(fields)
    if engine is not Engine.TRAEFIK:
        assert set(fields) <= {"host", "authorization", "accept", "eventide-timeout-ms"}
    assert (written.status_code, written.json()["body"]) == (200, "BEGIN")


async def test_a_public_route_s_caller_hands_no_word_to_a_service_behind_an_engine(
    through: httpx2.AsyncClient, engine: Engine
) -> None:
    spoofed = {"x-gw-assertion": "Bearer x", "authorization": "Bearer y", "x-gw-service": "records", "cookie": "a=b"}

    answer = await through.post("/v1/offered_times:look", json={}, headers=spoofed)

    fields = {name for name, _ in answer.json()["headers"]}
    assert answer.status_code == 200
    assert not {"authorization", "cookie"} & fields
    assert engine is Engine.TRAEFIK or "x-gw-assertion" not in fields


@pytest.mark.parametrize(
    "named", ["authorization", "x-gw-assertion", "x-gw-service", "x-original-uri", "x-forwarded-uri", "host"]
)
async def test_a_field_that_a_caller_calls_hop_by_hop_is_decided_on_all_the_same(
    door_url: str, corpus: list[Asked], upstream: Upstream, named: str
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    heard: list[dict[str, str]] = []

    async def hear(scope: Any, receive: Any, send: Any) -> None:
        heard.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await echo(scope, receive, send)

    upstream.answer = hear
    lines = [f"{name}: {value}" for name, value in permitted.fields]
    status = await status_of(door_url, head(permitted.target, *lines, f"Connection: close, {named}"))

    assert status in (200, 400, 401)
    assert len(heard) == (status == 200)
    callers = dict(permitted.fields)["Authorization"]
    assert all(fields["authorization"] not in ("", callers) for fields in heard)


# What an engine refuses itself, or reads in one way and writes anew before we are asked; all else is answered as by us.
ALL = {"head: unknown transfer coding": 501, "head: transfer coding behind another": 501,
       "head: chunked body of a GET": 200}  # fmt: skip
OTHERWISE = {
    Engine.NGINX: {**ALL, "head: 17 KiB": 400},
    Engine.ENVOY: {**ALL, "target: absolute form": 404, "target: absolute form of ourselves": 404,
                   "target: asterisk": 404, "head: two tokens": 401, "head: transfer coding in two parts": 501},
    Engine.TRAEFIK: {**ALL, "target: absolute form of ourselves": 200, "target: escaped letter": 200,
                     "target: asterisk": 404, "method that nobody knows": 405, "head: length and transfer coding": 200,
                     "head: transfer coding in two parts": 501},
}  # fmt: skip


async def test_an_engine_answers_each_request_as_we_would(
    door_url: str, engine: Engine, gateway_url: str, corpus: list[Asked]
) -> None:
    statuses = {one.name: [await _status(url, one) for url in (door_url, gateway_url)] for one in corpus}

    assert {name: told[0] for name, told in statuses.items() if told[0] != told[1]} == OTHERWISE[engine]
    assert {here for _, here in statuses.values()} == {200, 400, 401, 403, 404, 405, 431}


@pytest.mark.parametrize("framing", ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_68_a_request_hidden_in_the_body_of_another_reaches_no_service(
    door_url: str, corpus: list[Asked], upstream: Upstream, method: str, framing: str
) -> None:
    heard: list[str] = []

    async def hear(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope["raw_path"].decode())
        await echo(scope, receive, send)

    upstream.answer = hear
    permitted = next(one for one in corpus if one.name == "query")
    lines = [f"{name}: {value}" for name, value in permitted.fields]
    hidden = head("/v1/sites")
    first = head("/v1/patients", *lines, framing, method=method) + b"0\r\n\r\n"

    async with connection_to(door_url) as connection:
        await send(connection, first + hidden)
        status, _ = await asyncio.wait_for(read_head(connection), 30)
        connection[1].write_eof()
        await asyncio.wait_for(connection[0].read(), 30)

    assert status in (200, 400)
    assert heard in ([], ["/v1/patients"])


async def test_a_body_beyond_the_limit_is_refused_behind_an_engine(
    door_url: str, corpus: list[Asked], upstream: Upstream
) -> None:
    upstream.answer = Edge(echo, metrics=Metrics(), timeout_seconds=30, body_limit=1024 * 1024)
    permitted = next(one for one in corpus if one.name == "query")
    lines = [f"{name}: {value}" for name, value in permitted.fields]
    declared = head("/v1/patients", *lines, "Content-Length: 7340032", method="POST")
    chunked = head("/v1/patients", *lines, "Transfer-Encoding: chunked", method="POST")

    block = b"x" * 65536
    for opening, piece, end in ((declared, block, b""), (chunked, b"10000\r\n" + block + b"\r\n", b"0\r\n\r\n")):
        async with connection_to(door_url) as connection:
            with suppress(ConnectionError):
                await send(connection, opening)
                for _ in range(112):
                    await send(connection, piece)
                await send(connection, end)
            status = None  # the end of the connection may come before its reader
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                status, _ = await asyncio.wait_for(read_head(connection), 30)
        assert status in (413, None)


async def test_events_come_at_once_behind_an_engine_and_end_with_their_listener_s_access(
    trusting_app: Any, door_url: str, upstream: Upstream, tokens: Tokens, organization_id: UUID
) -> None:
    async def stream(_scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": EVENT, "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    upstream.answer = stream
    token = tokens.access(principal(Role.FRONT_DESK, organization=organization_id))
    fields = {"host": "eventide.test", "authorization": f"Bearer {token}"}

    async with (
        httpx2.AsyncClient(base_url=door_url, headers=fields, timeout=30) as client,
        client.stream("GET", STREAM) as answer,
    ):
        assert answer.status_code == 200
        pieces = answer.aiter_bytes()
        assert await anext(pieces) == EVENT
        trusting_app.state.equipment.ended.replace([jwt.get_unverified_claims(token)["jti"]])
        assert await rest(pieces) == []


async def test_pages_of_the_gateway_have_their_own_policy_behind_an_engine_and_answers_of_services_ours(
    through: httpx2.AsyncClient, gateway_url: str, corpus: list[Asked]
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    names = ["content-security-policy", "strict-transport-security", "x-frame-options", "access-control-allow-origin",
             "access-control-expose-headers"]  # fmt: skip
    asked = [("/docs", ()), (permitted.target, permitted.fields), ("/.well-known/jwks.json", ())]

    async with httpx2.AsyncClient(base_url=gateway_url, headers={"host": "eventide.test"}) as direct:
        for target, fields in asked:
            behind, here = [
                await client.get(target, headers={"origin": ORIGIN, **dict(fields)}) for client in (through, direct)
            ]
            assert (behind.status_code, here.status_code) == (200, 200), target
            told = {name: behind.headers.get_list(name) for name in names}
            assert told == {name: here.headers.get_list(name) for name in names}, target
            assert all(len(told[name]) == 1 for name in names[:4]), target


async def test_a_page_s_preflight_is_answered_behind_an_engine(through: httpx2.AsyncClient) -> None:
    fields = {"origin": ORIGIN, "access-control-request-method": "GET"}

    answer = await through.request("OPTIONS", "/v1/patients", headers=fields)

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "GET" in answer.headers["access-control-allow-methods"]


async def test_a_browser_s_session_is_renewed_by_its_cookie_behind_an_engine(
    through: httpx2.AsyncClient, new_account: NewAccount
) -> None:
    await new_account()
    body = {"email": "ada@example.org", "password": PASSWORD, "keep_in": "cookie"}
    created = await through.post("/v1/login_sessions", json=body)
    assert created.status_code == 201, created.text
    cookie = created.headers["set-cookie"].partition(";")[0]

    body = {"csrf_token": created.json()["csrf_token"]}

    renewed = await through.post("/v1/login_sessions:refresh", json=body, headers={"cookie": cookie})

    assert renewed.status_code == 200, renewed.text


async def test_who_calls_too_often_behind_an_engine_stops_nobody_at_another_address(
    door_url: str, through: httpx2.AsyncClient
) -> None:
    route = next(route for route in ROUTES if route.operation_id == "open_authorization")
    await through.get("/livez")

    async def ask(address: str, times: int) -> list[int]:
        transport = httpx2.AsyncHTTPTransport(local_address=address)
        fields = {"host": "eventide.test", "x-forwarded-for": "192.0.2.9"}
        async with httpx2.AsyncClient(transport=transport, base_url=door_url, headers=fields) as client:
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
@pytest.mark.parametrize(("method", "body"), [("GET", ""), ("OPTIONS", ""), ("GET", "x")])
async def test_nobody_puts_a_question_through_an_engine(
    door_url: str, corpus: list[Asked], method: str, target: str, body: str
) -> None:
    permitted = next(one for one in corpus if one.name == "query")
    lines = [f"{name}: {value}" for name, value in permitted.fields]
    for shape in (Engine.NGINX, Engine.TRAEFIK):
        _, _, fields = as_engine(shape, permitted)
        lines += [f"{name.decode()}: {value.decode()}" for name, value in fields if name.startswith(b"x-")]
    # An engine may hand over what has a body by another way than what has none.
    lines += [f"Content-Length: {len(body)}"] * bool(body)

    async with connection_to(door_url) as connection:
        lines.append("Access-Control-Request-Method: GET")
        await send(connection, head(target, *lines, method=method, host="127.0.0.1") + body.encode())
        status, answered = await asyncio.wait_for(read_head(connection), 30)

    assert status in (400, 404, 405)
    assert "authorization" not in answered
    assert not any(name.startswith("x-gw-") and name != "x-gw-status" for name in answered)


async def _status(url: str, asked: Asked) -> int:
    lines = [f"{name}: {value}" for name, value in asked.fields]
    # A body that is announced comes: whether it may is nothing that anybody should wait for.
    body = b"0\r\n\r\n" if any("Transfer-Encoding" in line for line in lines) else b"body"
    is_announced = body != b"body" or "Content-Length: 4" in lines
    opening = head(asked.target, *lines, method=asked.method, host=asked.host)
    return await status_of(url, opening + body * is_announced)
