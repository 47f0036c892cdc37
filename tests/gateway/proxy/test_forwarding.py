import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from services.chassis.edge import Receive, Scope, Send
from services.contracts.identity import Microservice, Role
from services.gateway.proxy.forwarding import Forwarder
from services.gateway.proxy.upstream import ConnectionPool
from tests.gateway.conftest import GatewayFactory, Upstream, answer_json, echo
from tests.support.raw_http import connection_to, head, read_chunk, read_head, send
from tests.support.tokens import Tokens, principal

PATIENT = "018f0000-0000-7000-8000-000000000000"
WAIT = 10


@pytest.fixture
def bearer(tokens: Tokens, organization_id: UUID) -> str:
    return f"Authorization: Bearer {tokens.access(principal(*_STAFF, organization=organization_id))}"


_STAFF = (Role.COUNSELLOR, Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR)


def _fields(heard: dict[str, Any]) -> dict[str, str]:
    return dict(heard["headers"])


async def test_path_query_and_body_arrive_byte_for_byte(gateway: GatewayFactory) -> None:
    query = "page_size=2&name=%C3%A9%20b&x=%2F"

    read = await gateway(*_STAFF).get(f"/v1/patients?{query}")
    written = await gateway(*_STAFF).post("/v1/solves", content=b'{"a": "\xc3\xa9"}')

    assert (read.json()["path"], read.json()["query"]) == ("/v1/patients", query)
    assert written.json()["body"] == '{"a": "é"}'


@pytest.mark.parametrize(("path", "service"), [("/v1/patients", "records"), ("/v1/sites", "scheduler")])
async def test_the_service_gets_an_internal_token_for_itself_instead_of_the_callers(
    gateway: GatewayFactory, tokens: Tokens, organization_id: UUID, path: str, service: str
) -> None:
    client = gateway(Role.COUNSELLOR)

    heard = _fields((await client.get(path)).json())

    token = heard["authorization"].removeprefix("Bearer ")
    assert token != client.headers["authorization"].removeprefix("Bearer ")
    claims = tokens.verifier(Microservice(service)).verify(token, tokens.keys)
    assert (claims.org, sorted(claims.roles), claims.act) == (organization_id, [Role.COUNSELLOR], None)
    assert claims.exp - claims.iat == 60


@pytest.mark.parametrize("roles", [(), (Role.PATIENT,)], ids=["a stranger", "somebody signed in"])
async def test_a_public_route_of_a_service_is_reached_without_any_token(
    gateway: GatewayFactory, roles: tuple[Role, ...]
) -> None:
    answer = await gateway(*roles).post("/v1/offered_times:look", content=b'{"token": "x"}')

    heard = answer.json()
    assert (answer.status_code, heard["path"], heard["body"]) == (200, "/v1/offered_times:look", '{"token": "x"}')
    assert "authorization" not in _fields(heard)


async def test_the_internal_token_is_minted_once_for_each_caller_and_service(gateway: GatewayFactory) -> None:
    one, other = gateway(Role.COUNSELLOR), gateway(Role.COUNSELLOR)

    heard = [
        _fields((await client.get(path)).json())["authorization"]
        for client, path in ((one, "/v1/patients"), (one, "/v1/patients"), (one, "/v1/sites"), (other, "/v1/patients"))
    ]

    assert heard[0] == heard[1]
    assert len(set(heard)) == 3


async def test_what_claims_an_identity_or_concerns_one_hop_is_dropped(gateway: GatewayFactory) -> None:
    spoofed = {
        "x-user": "root", "x-gw-assertion": "x", "x-forwarded-for": "1.2.3.4", "x-forwarded-prefix": "/admin",
        "forwarded": "for=1.2.3.4", "x-real-ip": "1.2.3.4", "cookie": "a=b", "proxy-authorization": "Basic eA==",
        "te": "trailers", "upgrade": "h2c", "connection": "x-gw-assertion", "x-http-method-override": "DELETE",
        "x-original-url": "/v1/sites", "accept-encoding": "gzip", "user-agent": "me", "origin": "https://evil.test",
    }  # fmt: skip

    heard = _fields((await gateway(Role.COUNSELLOR).get("/v1/patients", headers=spoofed)).json())

    assert set(heard) == {"host", "accept", "authorization", "traceparent", "eventide-timeout-ms"}
    assert heard["host"].startswith("127.0.0.1:")


async def test_what_a_service_needs_passes(gateway: GatewayFactory) -> None:
    sent = {
        "accept": "application/json", "accept-language": "es", "content-type": "text/calendar",
        "if-match": '"3"', "if-none-match": '"4"', "idempotency-key": "k",
    }  # fmt: skip

    heard = _fields((await gateway(*_STAFF).post("/v1/solves", headers=sent, content=b"{}")).json())

    assert {name: heard[name] for name in sent} == sent


async def test_the_trace_goes_on_and_a_malformed_one_is_replaced(gateway: GatewayFactory) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    client = gateway(Role.COUNSELLOR)
    continued = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "a=b"}

    heard = _fields((await client.get("/v1/patients", headers=continued)).json())
    fresh = _fields((await client.get("/v1/patients", headers={"traceparent": "00-zz"})).json())

    assert heard["traceparent"].split("-")[1] == trace
    assert heard["tracestate"] == "a=b"
    assert len(fresh["traceparent"].split("-")[1]) == 32


async def test_the_deadline_shrinks_on_the_way(gateway: GatewayFactory) -> None:
    client = gateway(Role.COUNSELLOR)

    own = _fields((await client.get("/v1/patients", headers={"eventide-timeout-ms": "5000"})).json())
    greedy = _fields((await client.get("/v1/patients", headers={"eventide-timeout-ms": "999999"})).json())

    assert 0 < int(own["eventide-timeout-ms"]) <= 5000
    assert 5000 < int(greedy["eventide-timeout-ms"]) <= 30_000


async def test_only_listed_fields_come_back_and_a_problem_comes_unchanged(
    gateway: GatewayFactory, upstream: Upstream
) -> None:
    problem = {"type": "urn:eventide:problem:conflict", "status": 409, "detail": "é"}

    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        fields = [(b"etag", b'"3"'), (b"location", b"/v1/x"), (b"server", b"x"), (b"x-powered-by", b"x"),
                  (b"set-cookie", b"a=b"), (b"access-control-allow-origin", b"*")]  # fmt: skip
        await answer_json(send, problem, status=409, headers=fields)

    upstream.answer = refuse

    answer = await gateway(Role.COUNSELLOR).get("/v1/patients")

    assert (answer.status_code, answer.json()) == (409, problem)
    assert (answer.headers["etag"], answer.headers["location"]) == ('"3"', "/v1/x")
    assert not {"server", "x-powered-by", "set-cookie", "access-control-allow-origin"} & set(answer.headers)


async def test_every_answer_carries_the_security_headers(gateway: GatewayFactory) -> None:
    answers = [
        await gateway(Role.COUNSELLOR).get("/v1/patients"),
        await gateway().get("/v1/patients"),
        await gateway().get("/nothing"),
        await gateway(Role.COUNSELLOR).get("/v1/me"),
    ]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "strict-transport-security" in answer.headers


async def test_an_upload_arrives_before_it_is_whole(gateway_url: str, upstream: Upstream, bearer: str) -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def listen(_scope: Scope, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await arrived.put(message["body"])
        await answer_json(send, "done")

    upstream.answer = listen

    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/solves", bearer, "Content-Length: 8", method="POST") + b"half")
        first = await asyncio.wait_for(arrived.get(), WAIT)
        await send(connection, b"rest")
        status, _ = await asyncio.wait_for(read_head(connection), WAIT)

    assert (first, status) == (b"half", 200)


async def test_an_answer_leaves_before_it_is_whole(gateway_url: str, upstream: Upstream, bearer: str) -> None:
    go_on = asyncio.Event()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": False})

    upstream.answer = stream

    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/patients", bearer))
        await asyncio.wait_for(read_head(connection), WAIT)
        first = await asyncio.wait_for(read_chunk(connection), WAIT)
        go_on.set()
        second = await asyncio.wait_for(read_chunk(connection), WAIT)

    assert (first, second) == (b"data: 1\n\n", b"data: 2\n\n")


async def test_when_the_caller_leaves_the_service_is_told(gateway_url: str, upstream: Upstream, bearer: str) -> None:
    reached, left = asyncio.Event(), asyncio.Event()

    async def wait_for_the_end(_scope: Scope, receive: Receive, _send: Send) -> None:
        reached.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    upstream.answer = wait_for_the_end

    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/patients", bearer))
        await asyncio.wait_for(reached.wait(), WAIT)

    await asyncio.wait_for(left.wait(), WAIT)


async def test_when_the_caller_leaves_in_the_middle_of_an_upload_the_service_is_told(
    gateway_url: str, upstream: Upstream, bearer: str
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listen(_scope: Scope, receive: Receive, _send: Send) -> None:
        message = await receive()
        while message["type"] != "http.disconnect":
            await heard.put(message["type"])
            message = await receive()
        await heard.put(message["type"])

    upstream.answer = listen

    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/solves", bearer, "Content-Length: 8", method="POST") + b"half")
        first = await asyncio.wait_for(heard.get(), WAIT)
    second = await asyncio.wait_for(heard.get(), WAIT)

    assert (first, second) == ("http.request", "http.disconnect")


async def test_a_body_beyond_the_limit_is_refused_declared_or_not(
    gateway: GatewayFactory, gateway_url: str, upstream: Upstream, bearer: str
) -> None:
    limit = 6 * 1024 * 1024

    declared = await gateway(*_STAFF).post("/v1/solves", content=b"x" * (limit + 1))
    calls_for_declared = upstream.calls
    async with connection_to(gateway_url) as connection:
        await send(connection, head("/v1/solves", bearer, "Transfer-Encoding: chunked", method="POST"))
        for _ in range(7):
            await send(connection, b"100000\r\n" + b"x" * 0x100000 + b"\r\n")
        grown, _ = await asyncio.wait_for(read_head(connection), WAIT)

    assert (declared.status_code, calls_for_declared) == (413, 0)
    assert grown == 413


@asynccontextmanager
async def _broken_service(answers: list[bytes]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Read requests one by one; answer each with the next bytes and close; where there are none, just close."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers.pop(0) if answers else b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


def _turn_to(gateway_app: Any, url: str) -> None:
    forwarder: Forwarder = gateway_app.state.equipment.front.forwarder
    forwarder._upstreams[Microservice.RECORDS] = ConnectionPool(url)


async def test_a_service_that_is_down_is_503_with_retry_after_and_not_a_500(
    gateway: GatewayFactory, gateway_app: Any
) -> None:
    async with _broken_service([]) as (url, _):
        pass
    _turn_to(gateway_app, url)

    answers = [
        await gateway(*_STAFF).get("/v1/patients"),
        await gateway(*_STAFF).post("/v1/patients", json={}),
    ]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:eventide:problem:upstream-unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert "records" in answer.json()["detail"]
        # Nothing was sent, so nothing may have been done: that is another refusal than an interrupted write.
        assert "code" not in answer.json()


async def test_what_the_gateway_answers_itself_goes_on_when_a_service_is_down(
    gateway: GatewayFactory, gateway_app: Any
) -> None:
    async with _broken_service([]) as (url, _):
        pass
    _turn_to(gateway_app, url)

    answers = [await gateway(*_STAFF).get(path) for path in ("/v1/me", "/v1/sites", "/.well-known/jwks.json")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_a_read_whose_connection_breaks_is_sent_once_more(gateway: GatewayFactory, gateway_app: Any) -> None:
    async with _broken_service([b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]) as (url, heard):
        _turn_to(gateway_app, url)

        answer = await gateway(*_STAFF).get("/v1/patients")

    assert (answer.status_code, answer.text, len(heard)) == (200, "ok", 2)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/patients", b"{}"),
        ("PUT", f"/v1/patients/{PATIENT}/treatment_plan", b"{}"),
        ("DELETE", f"/v1/patients/{PATIENT}/commitment_sources/{PATIENT}", None),
    ],
)
async def test_a_write_whose_connection_breaks_is_never_sent_twice(
    gateway: GatewayFactory, gateway_app: Any, method: str, path: str, body: bytes | None
) -> None:
    async with _broken_service([]) as (url, heard):
        _turn_to(gateway_app, url)
        gateway_app.state.equipment.front.forwarder._upstreams[Microservice.SCHEDULER] = ConnectionPool(url)

        answer = await gateway(*_STAFF).request(method, path, content=body)

    assert len(heard) == 1
    assert (answer.status_code, answer.json()["code"]) == (503, "interrupted")


async def test_an_answer_that_breaks_off_does_not_look_whole(gateway_app: Any, gateway_url: str, bearer: str) -> None:
    async with _broken_service([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]) as (url, _):
        _turn_to(gateway_app, url)
        async with connection_to(gateway_url) as connection:
            await send(connection, head("/v1/patients", bearer))
            status, fields = await asyncio.wait_for(read_head(connection), WAIT)
            rest = await asyncio.wait_for(connection[0].read(), WAIT)

    assert (status, fields["content-length"]) == (200, "9")
    assert len(rest) < 9


async def test_a_service_that_is_too_slow_is_504(gateway: GatewayFactory, upstream: Upstream) -> None:
    never = asyncio.Event()

    async def hang(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await never.wait()

    upstream.answer = hang

    answer = await gateway(*_STAFF).get("/v1/patients", headers={"eventide-timeout-ms": "50"})
    never.set()

    assert answer.status_code == 504
    assert answer.json()["type"] == "urn:eventide:problem:deadline-exceeded"


async def test_a_redirect_of_a_service_is_not_followed(gateway: GatewayFactory, upstream: Upstream) -> None:
    async def redirect(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer_json(send, None, status=307, headers=[(b"location", b"http://169.254.169.254/")])

    upstream.answer = redirect

    answer = await gateway(*_STAFF).get("/v1/patients")

    assert (answer.status_code, upstream.calls) == (307, 1)


async def test_the_connection_is_used_again(gateway: GatewayFactory, upstream: Upstream) -> None:
    ports: list[int] = []

    async def note(scope: Scope, receive: Receive, send: Send) -> None:
        ports.append(scope["client"][1])
        await echo(scope, receive, send)

    upstream.answer = note
    client = gateway(*_STAFF)

    for _ in range(3):
        await client.post("/v1/solves", content=b"{}")

    assert len(set(ports)) == 1
