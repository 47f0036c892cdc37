"""Connections on which the other side dawdles (gateway checklist 72): each ends, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from typing_extensions import override

from services.chassis.edge import Receive, Scope, Send
from services.chassis.http import HttpClient
from services.chassis.protocol import StrictProtocol
from services.chassis.shortcut import Asked
from services.gateway.proxy.upstream import _IDLE_SECONDS as UPSTREAM_IDLE_SECONDS
from tests.support.raw_http import Connection, connection_to, head, read_head, send
from tests.support.serving import served

WAIT = 30
LARGE = 64 * 1024 * 1024


class Impatient(StrictProtocol):
    head_seconds = 0.3
    write_seconds = 0.3


class Patient(StrictProtocol):
    head_seconds = 3600
    write_seconds = 3600


async def _answer(_scope: Scope, _receive: Receive, send_message: Send) -> None:
    """Answer without having read the body."""
    await send_message({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send_message({"type": "http.response.body", "body": b"ok", "more_body": False})


@pytest.fixture
async def impatient_url() -> AsyncIterator[str]:
    async with served(_answer, protocol=Impatient) as url:
        yield url


@pytest.fixture
async def patient_url() -> AsyncIterator[str]:
    async with served(_answer, protocol=Patient) as url:
        yield url


async def _ends(connection: Connection) -> bool:
    """Wait until the other side ends the connection; what it still sent does not matter."""

    async def read_on() -> None:
        while await connection[0].read(65536):
            pass

    try:
        await asyncio.wait_for(read_on(), WAIT)
    except ConnectionError:
        return True
    return True


DAWDLING = {
    "nothing at all": b"",
    "half a request line": b"GET /li",
    "half a head": b"GET /livez HTTP/1.1\r\nHost: eventide.test\r\nX-A: ",
    "line ends before a head": b"\r\n\r\n",
}


@pytest.mark.parametrize("sent", DAWDLING.values(), ids=DAWDLING.keys())
async def test_72_a_head_that_does_not_come_ends_the_connection(impatient_url: str, sent: bytes) -> None:
    async with connection_to(impatient_url) as dawdler, connection_to(impatient_url) as other:
        await send(dawdler, sent)
        await send(other, head("/"))
        served_meanwhile, _ = await asyncio.wait_for(read_head(other), WAIT)

        assert await _ends(dawdler)

    assert served_meanwhile == 200


async def test_72_line_ends_between_requests_keep_no_connection_open(impatient_url: str) -> None:
    async with connection_to(impatient_url) as dawdler:
        await send(dawdler, head("/"))
        await asyncio.wait_for(read_head(dawdler), WAIT)
        await dawdler[0].readexactly(2)
        await send(dawdler, b"\r\n")

        assert await _ends(dawdler)


async def test_72_a_body_that_does_not_come_after_its_answer_ends_the_connection(impatient_url: str) -> None:
    async with connection_to(impatient_url) as dawdler:
        await send(dawdler, head("/", "Content-Length: 9", method="POST") + b"half")
        status, _ = await asyncio.wait_for(read_head(dawdler), WAIT)

        assert await _ends(dawdler)

    assert status == 200


async def test_72_an_answer_that_is_not_read_ends_the_connection() -> None:
    given_up = asyncio.Event()

    async def answer(_scope: Scope, _receive: Receive, send_message: Send) -> None:
        await send_message({"type": "http.response.start", "status": 200, "headers": []})
        await send_message({"type": "http.response.body", "body": b"x" * LARGE, "more_body": True})
        # This waits until what went before was taken, or nobody is there any more.
        await send_message({"type": "http.response.body", "body": b"x", "more_body": False})
        given_up.set()

    async with served(answer, protocol=Impatient) as url, connection_to(url) as dawdler:
        # The stream reader stops reading by itself when its buffer is full.
        await send(dawdler, head("/"))
        await asyncio.wait_for(given_up.wait(), WAIT)


async def test_72_a_head_in_pieces_is_served_where_there_is_time(patient_url: str) -> None:
    async with connection_to(patient_url) as connection:
        for piece in (b"GET / HT", b"TP/1.1\r\nHo", b"st: eventide.test\r\n", b"\r\n"):
            await send(connection, piece)
            await asyncio.sleep(0)
        first, _ = await asyncio.wait_for(read_head(connection), WAIT)
        await connection[0].readexactly(2)
        await send(connection, b"\r\n" + head("/", "Content-Length: 4", method="POST") + b"body" + head("/"))
        second, _ = await asyncio.wait_for(read_head(connection), WAIT)
        await connection[0].readexactly(2)
        third, _ = await asyncio.wait_for(read_head(connection), WAIT)

    assert (first, second, third) == (200, 200, 200)


class Known(StrictProtocol):
    """Is there to be asked."""

    last: ClassVar[StrictProtocol]

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as where it is made
        super().connection_made(transport)
        Known.last = self


async def test_72_a_connection_ends_without_a_next_request_and_not_in_the_midst_of_one() -> None:
    go_on, reached = asyncio.Event(), asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send_message: Send) -> None:
        if scope["path"] == "/slow":
            reached.set()
            await go_on.wait()
        await _answer(scope, receive, send_message)

    async with served(answer, protocol=Known) as url, connection_to(url) as connection:
        await send(connection, head("/"))
        first, _ = await asyncio.wait_for(read_head(connection), WAIT)
        await connection[0].readexactly(2)
        assert Known.last.timeout_keep_alive_task is not None
        await send(connection, head("/slow"))
        await asyncio.wait_for(reached.wait(), WAIT)
        # Its time is up now, as it were.
        Known.last.timeout_keep_alive_task.cancel()
        Known.last.timeout_keep_alive = 0
        Known.last.timeout_keep_alive_handler()
        go_on.set()
        second, _ = await asyncio.wait_for(read_head(connection), WAIT)

        assert (first, second) == (200, 200)
        assert await _ends(connection)


async def test_72_a_connection_whose_time_is_not_up_when_it_is_looked_at_is_looked_at_again() -> None:
    async with served(_answer, protocol=Known) as url, connection_to(url) as connection:
        await send(connection, head("/"))
        await asyncio.wait_for(read_head(connection), WAIT)
        await connection[0].readexactly(2)
        Known.last.timeout_keep_alive = 3600
        Known.last.timeout_keep_alive_handler()
        again = Known.last.timeout_keep_alive_task
        await send(connection, head("/"))
        status, _ = await asyncio.wait_for(read_head(connection), WAIT)

    assert again is not None
    assert 3000 < again.when() - asyncio.get_running_loop().time() <= 3600
    assert status == 200


class Lasting(StrictProtocol):
    """Ends no connection because nothing comes."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as where it is made
        self.timeout_keep_alive = 3600
        super().connection_made(transport)


class Quick:
    """Answers on the short way alone."""

    def __init__(self) -> None:
        self.shortcut = self

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        pytest.fail("it came to the application")

    def take(self, asked: Asked) -> bool:
        asked.answer(200, b"content-length: 2\r\n", b"ok")
        return True


class Clumsy(Quick):
    """Answers later, with what cannot be written."""

    @override
    def take(self, asked: Asked) -> bool:
        asyncio.get_running_loop().call_soon(asked.answer, 1000, b"content-length: 2\r\n", b"ok")
        return True


class Brief(StrictProtocol):
    """Ends a connection for want of a next request alone."""

    head_seconds = write_seconds = 3600

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as where it is made
        self.timeout_keep_alive = 0.1  # type: ignore[assignment] # uvicorn counts whole seconds
        super().connection_made(transport)


@pytest.mark.parametrize("app", [_answer, Quick()], ids=["by the application", "on the short way"])
async def test_72_a_connection_on_which_nothing_follows_its_answer_ends_when_its_time_is_up(app: Any) -> None:
    async with served(app, protocol=Brief) as url, connection_to(url) as connection:
        await send(connection, head("/"))
        status, _ = await asyncio.wait_for(read_head(connection), WAIT)

        assert status == 200
        assert await _ends(connection)


async def test_a_connection_on_which_an_answer_cannot_be_written_ends_at_once() -> None:
    failed: list[BaseException | None] = []
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, told: failed.append(told.get("exception")))
    try:
        async with served(Clumsy(), protocol=Lasting) as url, connection_to(url) as connection:
            await send(connection, head("/"))

            assert await _ends(connection)
    finally:
        loop.set_exception_handler(before)
    assert [type(error) for error in failed] == [KeyError]


async def test_a_connection_that_the_caller_wants_closed_is_closed_behind_its_answer() -> None:
    async with served(Quick(), protocol=Lasting) as url, connection_to(url) as connection:
        await send(connection, head("/", "Connection: close"))
        status, fields = await asyncio.wait_for(read_head(connection), WAIT)

        assert (status, fields["connection"]) == (200, "close")
        assert await _ends(connection)


async def test_nobody_of_ours_uses_a_connection_that_is_being_closed() -> None:
    """Before, applications under test closed theirs after five seconds, and what was sent at that moment was lost."""
    client = HttpClient()
    own = getattr(client.session.connector, "_keepalive_timeout", 3600)
    await client.close()

    async with served(_answer, protocol=Known) as url, connection_to(url) as connection:
        await send(connection, head("/"))
        await asyncio.wait_for(read_head(connection), WAIT)
        kept = Known.last.timeout_keep_alive

    assert max(UPSTREAM_IDLE_SECONDS, own) < kept / 2
