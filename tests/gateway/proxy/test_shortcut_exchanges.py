"""Exchanges of the short way that do not go as most do: slow, in pieces, broken off, or left."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.chassis.edge import Receive, Scope, Send
from services.gateway.proxy import shortcut
from services.gateway.proxy.engines import Engine
from services.gateway.proxy.upstream import Connection
from tests.gateway.proxy.corpus import Asked, as_engine
from tests.gateway.proxy.short_way import OK, PATH, WAIT, ShortWay, answer_on, service, with_length
from tests.support.raw_http import connection_to, head, read_head, send


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortcut, "_PATIENCE_SECONDS", 0.01)


@pytest.fixture
def handed_over(way: ShortWay, impatient: None) -> asyncio.Event:
    """Is set once an exchange is the application's."""
    assert impatient is None
    told = asyncio.Event()
    go_on = way.forwarder.go_on

    async def tell(*arguments: Any, **named: Any) -> None:
        told.set()
        await go_on(*arguments, **named)

    way.forwarder.go_on = tell  # type: ignore[method-assign] # to know when
    return told


@pytest.fixture
def connected(way: ShortWay) -> Connection:
    """The one connection to the service."""
    (connection,) = way.idle
    return connection


class Listening:
    """A service that answers nothing, and knows when it is asked and when nobody waits any more."""

    def __init__(self) -> None:
        self.reached, self.left = asyncio.Event(), asyncio.Event()

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        self.reached.set()
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()


async def test_when_the_caller_leaves_the_service_is_told_and_the_place_given_back(
    way: ShortWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut, "_PATIENCE_SECONDS", 3600)
    way.upstream.answer = listening = Listening()

    await send(way.caller, head(PATH, way.bearer))
    await asyncio.wait_for(listening.reached.wait(), WAIT)
    during = way.in_hand
    way.caller[1].close()
    await asyncio.wait_for(listening.left.wait(), WAIT)

    assert (during, way.in_hand, way.taken, way.counted(0)) == ((1, 1), (0, 0), 1, 1)


async def test_an_answer_that_is_long_in_coming_is_awaited_by_the_application(
    way: ShortWay, handed_over: asyncio.Event
) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await handed_over.wait()
        await with_length(scope, receive, send)

    way.upstream.answer = answer

    heard = await way.ask()

    assert (heard.status, heard.body["path"], way.taken, way.upstream.calls) == (200, PATH, 1, 1)
    assert way.in_hand == (0, 0)


async def test_an_answer_that_is_long_in_coming_and_comes_in_pieces_is_whole_and_its_connection_kept(
    way: ShortWay, handed_over: asyncio.Event, connected: Connection
) -> None:
    unforeseen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unforeseen.append(context))
    go_on = asyncio.Event()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await handed_over.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": b"news", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"more", "more_body": False})

    way.upstream.answer = stream

    await send(way.caller, head(PATH, way.bearer))
    status, _ = await asyncio.wait_for(read_head(way.caller), WAIT)
    first = await asyncio.wait_for(way.caller[0].readexactly(4), WAIT)
    go_on.set()
    second = await asyncio.wait_for(way.caller[0].readexactly(4), WAIT)
    way.upstream.answer = with_length
    next_one = await way.ask()

    assert (status, first, second, next_one.status) == (200, b"news", b"more", 200)
    assert unforeseen == []
    assert way.idle == [connected]
    assert (way.taken, way.upstream.calls, way.in_hand) == (2, 2, (0, 0))


async def test_when_the_caller_of_a_slow_answer_leaves_the_service_is_told(
    way: ShortWay, handed_over: asyncio.Event
) -> None:
    way.upstream.answer = listening = Listening()

    await send(way.caller, head(PATH, way.bearer))
    await asyncio.wait_for(handed_over.wait(), WAIT)
    way.caller[1].close()
    await asyncio.wait_for(listening.left.wait(), WAIT)

    assert way.taken == 1


async def test_an_answer_that_comes_in_pieces_leaves_in_pieces(way: ShortWay) -> None:
    go_on = asyncio.Event()

    async def stream(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send({"type": "http.response.body", "body": b"news", "more_body": True})
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"more", "more_body": False})

    way.upstream.answer = stream

    await send(way.caller, head(PATH, way.bearer))
    status, _ = await asyncio.wait_for(read_head(way.caller), WAIT)
    first = await asyncio.wait_for(way.caller[0].readexactly(4), WAIT)
    go_on.set()
    second = await asyncio.wait_for(way.caller[0].readexactly(4), WAIT)

    assert (status, first, second, way.taken) == (200, b"news", b"more", 1)


async def test_what_nobody_foresaw_on_the_short_way_is_logged_and_answered_by_the_application(
    way: ShortWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_request: object) -> bytes:
        raise LookupError

    monkeypatch.setattr(shortcut, "_onward", fail)
    with capture_logs() as logged:
        heard = await way.ask()

    assert (heard.status, heard.body["path"], way.taken, way.in_hand) == (200, PATH, 0, (0, 0))
    (line,) = [line for line in logged if line["event"] == "short way failed"]
    assert line["error_type"] == "LookupError"
    assert line["frames"][-1].endswith(":fail")


@pytest.mark.usefixtures("trusting_app")
async def test_what_nobody_foresaw_behind_an_answer_is_logged_and_it_is_not_answered_again(
    way: ShortWay, corpus: list[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise LookupError

    monkeypatch.setattr(way.app.shortcut, "record", fail)
    _, target, fields = as_engine(Engine.NGINX, next(one for one in corpus if one.name == "query"))
    lines = [f"{name.decode()}: {value.decode()}" for name, value in fields if name != b"host"]
    question = head(target, *lines, host="gateway")
    with capture_logs() as logged:
        await send(way.caller, question + question)
        statuses = [(await answer_on(way.caller)).status for _ in range(2)]

    assert (statuses, way.taken) == ([200, 200], 2)
    assert [line["event"] for line in logged] == ["short way failed"] * 2


def _fail(*_arguments: object) -> None:
    raise LookupError


@pytest.mark.parametrize("part", ["plain_lines", "origin_lines"])
async def test_what_nobody_foresaw_about_an_answer_leaves_no_caller_waiting(
    way: ShortWay, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(shortcut, part, _fail)
    with capture_logs() as logged:
        heard = [await asyncio.wait_for(way.ask(), WAIT) for _ in range(2)]

    assert [(one.status, one.body["path"]) for one in heard] == [(200, PATH)] * 2
    assert way.in_hand == (0, 0)
    assert [line["event"] for line in logged if line["event"] == "short way failed"] == ["short way failed"] * way.taken
    assert way.taken > 0


async def test_what_nobody_foresaw_after_an_answer_was_passed_on_answers_nobody_twice(
    way: ShortWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way.app.shortcut, "record", _fail)
    with capture_logs() as logged:
        heard = [await asyncio.wait_for(way.ask(), WAIT) for _ in range(2)]

    assert [one.status for one in heard] == [200, 200]
    assert (way.taken, way.upstream.calls, way.in_hand) == (2, 2, (0, 0))
    assert [line["event"] for line in logged].count("short way failed") == 2


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_ends_where_it_should(way: ShortWay, status: int) -> None:
    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"etag", b'"3"')]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    way.upstream.answer = answer
    first = await way.ask()
    way.upstream.answer = with_length
    second = await way.ask()

    assert (first.status, second.status, way.taken) == (status, 200, 2)


@pytest.mark.parametrize(("answers", "status"), [((OK, None, OK), 200), ((OK, None, None, OK), 503)])
async def test_a_read_whose_connection_breaks_on_the_short_way_is_sent_once_more_and_never_twice(
    way: ShortWay, answers: tuple[bytes | None, ...], status: int
) -> None:
    async with service(*answers) as (url, heard):
        way.turn_to(url)
        statuses = [(await way.ask()).status for _ in range(2)]

    assert statuses == [200, status]
    assert (len(heard), way.taken, way.in_hand) == (3, 1, (0, 0))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"nonsense",
        b"HTTP/1.1 600 Beyond\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["no length", "two lengths", "length and chunks", "no HTTP", "no status"],
)
async def test_an_answer_that_could_be_read_in_two_ways_is_none(way: ShortWay, answer: bytes) -> None:
    async with service(OK, answer, answer) as (url, _):
        way.turn_to(url)
        heard = [await way.ask() for _ in range(2)]

    assert [one.status for one in heard] == [200, 503]
    assert (way.taken, way.in_hand) == (1, (0, 0))


async def test_an_answer_that_nobody_asked_for_is_nobody_s(way: ShortWay) -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
    async with service(OK, OK + stray, OK, OK) as (url, _):
        way.turn_to(url)
        heard = [await way.ask() for _ in range(3)]

    assert b"stray" not in [one.body for one in heard]
    assert way.in_hand == (0, 0)


async def test_an_answer_that_breaks_off_does_not_look_whole(way: ShortWay) -> None:
    async with service(OK, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") as (url, _):
        way.turn_to(url)
        async with connection_to(way.url) as connection:
            await send(connection, head(PATH, way.bearer))
            await answer_on(connection)
            await send(connection, head(PATH, way.bearer))
            status, fields = await asyncio.wait_for(read_head(connection), WAIT)
            rest = await asyncio.wait_for(connection[0].read(), WAIT)

    assert (status, fields["content-length"], len(rest) < 9) == (200, "9", True)
    assert (way.taken, way.in_hand) == (1, (0, 0))
