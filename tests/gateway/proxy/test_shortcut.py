"""Whoever goes the short way is answered, and told on, as by the application; and nobody else goes it."""

import asyncio
from uuid import UUID

import pytest

from services.chassis.edge import Receive, Scope, Send
from services.contracts.identity import Microservice, Role
from services.gateway.proxy.engines import Engine
from tests.gateway.conftest import ORIGIN
from tests.gateway.proxy.corpus import Asked, as_engine
from tests.gateway.proxy.short_way import PATH, ShortWay, answer_on
from tests.support.raw_http import connection_to, head, send
from tests.support.tokens import Tokens, principal

ONE = "018f0000-0000-7000-8000-000000000000"
TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_each_request_is_answered_as_the_application_answers_it(way: ShortWay, corpus: list[Asked]) -> None:
    differing = []
    for asked in corpus:
        lines = [f"{name}: {value}" for name, value in asked.fields if value != "0"]
        request = head(asked.target, *lines, "Connection: close", method=asked.method, host=asked.host)
        short, long = await way.both(request)
        if short != long:
            differing.append((asked.name, short, long))

    assert differing == []
    assert way.taken > 20


@pytest.mark.usefixtures("trusting_app")
@pytest.mark.parametrize("engine", list(Engine))
async def test_each_engine_is_told_what_the_application_tells_it(
    way: ShortWay, corpus: list[Asked], engine: Engine
) -> None:
    differing = []
    for asked in corpus:
        method, target, fields = as_engine(engine, asked)
        told = [(name.decode(), value.decode("latin-1")) for name, value in fields]
        # No engine tells of a body that is none.
        lines = [f"{name}: {value}" for name, value in told if (name, value) != ("content-length", "0")]
        host = lines.pop(next(number for number, line in enumerate(lines) if line.startswith("host: "))).partition(
            ": "
        )[2]
        short, long = await way.both(head(target, *lines, "Connection: close", method=method, host=host))
        if short != long:
            differing.append((asked.name, short, long))

    assert differing == []
    assert way.taken > 20


@pytest.mark.parametrize(
    "line",
    [f"Origin: {ORIGIN}", "Origin: https://evil.test", "Origin: null", "Traceparent: 00-zz",
     f"Traceparent: 00-{TRACE}-b7ad6b7169203331-01\r\nTracestate: a=b", 'If-None-Match: "3"', "X-Gw-Assertion: x",
     "Cookie: a=b", "Connection: upgrade\r\nUpgrade: h2c", "Authorization-: x",
     "Accept-Language: es\r\nAccept: text/calendar"],
)  # fmt: skip
async def test_a_field_of_a_plain_request_counts_as_on_the_long_way(way: ShortWay, line: str) -> None:
    short, long = await way.both(head(PATH, way.bearer, line))

    assert (short, short.status, way.taken) == (long, 200, 1)


async def test_the_trace_goes_on_and_the_time_left_is_told(way: ShortWay) -> None:
    sent = f"00-{TRACE}-b7ad6b7169203331-01"

    continued = dict((await way.ask(f"Traceparent: {sent}", "Tracestate: a=b")).body["headers"])
    begun = dict((await way.ask()).body["headers"])

    assert (continued["traceparent"], continued["tracestate"]) == (sent, "a=b")
    assert [len(part) for part in begun["traceparent"].split("-")] == [2, 32, 16, 2]
    assert continued["eventide-timeout-ms"] == begun["eventide-timeout-ms"] == "30000"
    assert way.taken == 2


LENGTH = (b"content-length", b"2")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([LENGTH, (b"etag", b'"3"'), (b"server", b"x"), (b"set-cookie", b"a=b")], 200),
        ([LENGTH, (b"cache-control", b"max-age=5"), (b"vary", b"accept")], 200),
        ([LENGTH, (b"www-authenticate", b'Bearer realm="x"')], 401),
        ([LENGTH, (b"content-type", b"application/problem+json")], 409),
        ([LENGTH, (b"retry-after", b"5")], 503),
        ([LENGTH, (b"x-frame-options", b"ALLOW"), (b"strict-transport-security", b"no")], 200),
        ([LENGTH, (b"access-control-allow-origin", b"*"), (b"link", b"<a>"), (b"link", b"<b>")], 200),
        ([], 200),
    ],
)
async def test_whatever_a_service_answers_comes_as_on_the_long_way(
    way: ShortWay, fields: list[tuple[bytes, bytes]], status: int
) -> None:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(fields)})
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})

    way.upstream.answer = answer

    short, long = await way.both(head(PATH, way.bearer))

    assert (short, short.status, short.body, way.taken) == (long, status, b"ok", 1)


@pytest.mark.parametrize(
    ("method", "target", "lines"),
    [
        ("POST", PATH, ("Content-Length: 2",)),
        ("POST", PATH, ()),
        ("DELETE", f"{PATH}/{ONE}/commitment_sources/{ONE}", ()),
        ("GET", "/v1/me", ()),
        ("GET", "/livez", ()),
        ("GET", "/.well-known/jwks.json", ()),
        ("GET", "/v1/week_requirements", ()),
        ("GET", f"/v1/solves/{ONE}/events", ()),
        ("GET", PATH, ("Content-Length: 0",)),
        ("GET", PATH, ("Expect: 100-continue",)),
        ("GET", PATH, ("Content-Encoding: gzip",)),
        ("GET", PATH, ("Eventide-Timeout-Ms: 50",)),
        ("GET", PATH, ("DPoP: x",)),
        ("GET", PATH, ("Authorization: Bearer x",)),
    ],
)
async def test_what_is_not_plain_goes_to_the_application(
    way: ShortWay, method: str, target: str, lines: tuple[str, ...]
) -> None:
    answer = await way.ask(*lines, method=method, target=target, body=b"{}" if "Content-Length: 2" in lines else b"")

    assert (answer.status > 0, way.taken) == (True, 0)


async def test_whose_access_has_ended_is_refused_at_the_next_request(
    way: ShortWay, tokens: Tokens, organization_id: UUID
) -> None:
    person = principal(Role.COUNSELLOR, organization=organization_id)
    token = tokens.access(person)
    way.bearer = f"Authorization: Bearer {token}"

    before = [(await way.ask()).status for _ in range(2)]
    way.app.state.equipment.ended.add([way.app.state.equipment.oauth.access.verify(token).token_id])
    after = (await way.ask()).status

    assert (before, after, way.taken) == ([200, 200], 401, 2)


async def test_73_where_a_service_takes_no_more_the_application_says_so(way: ShortWay) -> None:
    way.forwarder._gates[Microservice.RECORDS]._in_hand = 100

    refused = (await way.ask()).status
    way.forwarder._gates[Microservice.RECORDS]._in_hand = 0

    assert (refused, way.taken, way.upstream.calls) == (503, 0, 0)


async def test_an_answer_of_the_short_way_is_counted_under_its_operation(way: ShortWay) -> None:
    before = way.counted(200)
    await way.ask()

    assert (before, way.counted(200), way.taken) == (1, 2, 1)


async def test_pipelined_requests_are_answered_in_their_order(way: ShortWay) -> None:
    requests = [head(f"{PATH}?page_size={number}", way.bearer) for number in range(40)]
    requests[20] = head("/v1/nothing", way.bearer)
    requests[30] = head(PATH, way.bearer, "Content-Length: 2", method="POST") + b"{}"

    await send(way.caller, b"".join(requests))
    heard = [await answer_on(way.caller) for _ in requests]

    assert [one.status for one in heard] == [404 if number == 20 else 200 for number in range(40)]
    assert [one.body["query"] for one in heard if one.status == 200] == [
        "" if number == 30 else f"page_size={number}" for number in range(40) if number != 20
    ]


async def test_a_body_that_waits_in_line_is_read_as_the_body_of_its_request(way: ShortWay) -> None:
    """The head of a GET begins behind a POST that waits: what is known of the one is not said of the other."""
    posted = head(PATH, way.bearer, "Content-Length: 5", method="POST") + b"hello"
    last = head(PATH, way.bearer)

    await send(way.caller, head(PATH, way.bearer) + posted + last[:11])
    heard = [await answer_on(way.caller) for _ in range(2)]
    await send(way.caller, last[11:])
    heard.append(await answer_on(way.caller))

    assert [(one.status, one.body["method"], one.body["body"]) for one in heard] == [
        (200, "GET", ""), (200, "POST", "hello"), (200, "GET", "")
    ]  # fmt: skip


@pytest.mark.usefixtures("trusting_app")
@pytest.mark.parametrize(("first", "least"), [(200, 1000), (404, 0)], ids=["each at once", "all in line behind one"])
async def test_thousands_of_pipelined_questions_are_answered(
    way: ShortWay, corpus: list[Asked], first: int, least: int
) -> None:
    _, target, fields = as_engine(Engine.NGINX, next(one for one in corpus if one.name == "query"))
    lines = [f"{name.decode()}: {value.decode()}" for name, value in fields if name != b"host"]
    question = head(target, *lines, host="gateway")

    async with connection_to(way.url) as connection:
        before = question if first == 200 else head("/v1/nothing", way.bearer)
        writing = asyncio.create_task(send(connection, before + question * 2000))
        statuses = [(await answer_on(connection)).status for _ in range(2001)]
        await writing

    assert statuses == [first] + [200] * 2000
    assert way.taken >= least


async def test_a_connection_that_the_caller_wants_closed_is_closed(way: ShortWay) -> None:
    heard = await way.ask("Connection: close")

    assert (heard.status, dict(heard.fields)["connection"], way.taken) == (200, "close", 1)
    assert await asyncio.wait_for(way.caller[0].read(), 20) == b""
