"""What is written in one turn leaves in one call, in order, and nothing that is written waits for more."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from services.chassis.edge import Receive, Scope, Send
from services.chassis.protocol import StrictProtocol
from services.chassis.transport import GatheredTransport
from tests.support.raw_http import connection_to, head, read_head, send
from tests.support.serving import served

WAIT = 30


class Wire(asyncio.Transport):
    """The end of a connection: it keeps what each call sent."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []
        self.is_closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    @override
    def close(self) -> None:
        self.is_closed = True

    @override
    def abort(self) -> None:
        self.is_closed = True

    @override
    def is_closing(self) -> bool:
        return self.is_closed


@pytest.fixture
async def wire() -> Wire:
    return Wire()


@pytest.fixture
async def transport(wire: Wire) -> GatheredTransport:
    return GatheredTransport(wire, asyncio.get_running_loop())


async def test_what_is_written_in_one_turn_leaves_in_one_call(wire: Wire, transport: GatheredTransport) -> None:
    for piece in (b"head", b"body"):
        transport.write(piece)
    during = list(wire.calls)
    await asyncio.sleep(0)
    transport.write(b"next")
    await asyncio.sleep(0)

    assert during == []
    assert wire.calls == [b"headbody", b"next"]


async def test_what_changes_after_it_was_written_leaves_as_it_was(wire: Wire, transport: GatheredTransport) -> None:
    buffer = bytearray(b"first")
    transport.write(buffer)
    buffer[:] = b"other"
    await asyncio.sleep(0)

    assert wire.calls == [b"first"]


async def test_a_writer_that_never_waits_piles_up_no_whole_body(wire: Wire, transport: GatheredTransport) -> None:
    for _ in range(64):
        transport.write(b"x" * 16 * 1024)
    unsent = 64 * 16 * 1024 - sum(map(len, wire.calls))
    await asyncio.sleep(0)

    assert unsent <= 64 * 1024
    assert b"".join(wire.calls) == b"x" * 64 * 16 * 1024


async def test_what_nothing_follows_leaves_at_once_behind_what_was_written_before(
    wire: Wire, transport: GatheredTransport
) -> None:
    transport.write(b"first")
    transport.write_whole(b"last")
    transport.write_whole(b"next")
    at_once = list(wire.calls)
    await asyncio.sleep(0)
    transport.close()
    transport.write_whole(b"too late")

    assert at_once == wire.calls == [b"firstlast", b"next"]


async def test_closing_sends_what_was_written_before(wire: Wire, transport: GatheredTransport) -> None:
    transport.write(b"last")
    transport.close()
    transport.write(b"too late")
    await asyncio.sleep(0)

    assert wire.calls == [b"last"]
    assert transport.is_closing()


async def test_aborting_sends_nothing_more(wire: Wire, transport: GatheredTransport) -> None:
    transport.write(b"half an answer")
    transport.abort()
    await asyncio.sleep(0)

    assert wire.calls == []


@pytest.fixture
async def streaming() -> AsyncIterator[tuple[str, asyncio.Event]]:
    is_read = asyncio.Event()

    async def answer(_scope: Scope, _receive: Receive, send_message: Send) -> None:
        await send_message({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
        await send_message({"type": "http.response.body", "body": b"news", "more_body": True})
        await is_read.wait()
        await send_message({"type": "http.response.body", "body": b"more", "more_body": False})

    async with served(answer, protocol=StrictProtocol) as url:
        yield url, is_read


async def test_the_first_piece_of_a_stream_does_not_wait_for_the_second(streaming: tuple[str, asyncio.Event]) -> None:
    url, is_read = streaming
    async with connection_to(url) as connection:
        await send(connection, head("/"))
        status, _ = await asyncio.wait_for(read_head(connection), WAIT)
        first = await asyncio.wait_for(connection[0].readexactly(4), WAIT)
        is_read.set()
        second = await asyncio.wait_for(connection[0].readexactly(4), WAIT)

    assert (status, first, second) == (200, b"news", b"more")
