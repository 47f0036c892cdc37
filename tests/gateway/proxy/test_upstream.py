"""The gateway's connections to a service that answers in every way that a service should not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest

from services.gateway.proxy.upstream import (
    _IDLE_SECONDS,
    Connection,
    ConnectionBrokenError,
    ConnectionPool,
    NoConnectionError,
)

WAIT = 20
GET = b"GET /v1/patients HTTP/1.1\r\nhost: records\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Service(NamedTuple):
    pool: ConnectionPool
    heard: list[bytes]
    """The heads it read, in their order."""
    connections: list[asyncio.StreamWriter]


@asynccontextmanager
async def service(*answers: bytes) -> AsyncIterator[Service]:
    """Answer each head on any connection with the next bytes, and leave the connection open."""
    left = list(answers)
    heard: list[bytes] = []
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        try:
            while left:
                heard.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(left.pop(0))
                await writer.drain()
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        pool = ConnectionPool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield Service(pool, heard, connections)
        pool.close()


async def asked(pool: ConnectionPool, head: bytes = GET, body: AsyncIterator[bytes] | None = None) -> tuple[int, bytes]:
    async with asyncio.timeout(WAIT):
        connection = await pool.ask(head, body, is_chunked=body is not None)
        try:
            whole, is_last = b"", False
            while not is_last:
                piece, is_last = await connection.read()
                whole += piece
            return connection.status, whole
        finally:
            pool.leave(connection)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (OK, (200, b"ok")),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, b"")),
        (b"HTTP/1.1 304 Not Modified\r\nETag: W/7\r\n\r\n", (304, b"")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK, (200, b"ok")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-A: b\r\n\r\n", (200, b"ok")),
    ],
)
async def test_an_answer_is_read_whole_and_its_connection_used_again(
    answer: bytes, expected: tuple[int, bytes]
) -> None:
    async with service(answer, OK) as upstream:
        assert await asked(upstream.pool) == expected
        assert await asked(upstream.pool) == (200, b"ok")
        assert len(upstream.connections) == 1


async def test_fields_are_those_of_the_last_head_and_not_of_an_interim_one_or_a_trailer() -> None:
    early, late = b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n", b"0\r\nX-Late: 1\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: 7\r\n\r\n"
    async with service(early + head + late) as upstream:
        connection = await upstream.pool.ask(GET, None, is_chunked=False)
        assert await connection.read() == (b"", True)
        assert connection.fields == [(b"transfer-encoding", b"chunked"), (b"etag", b"7")]
        upstream.pool.leave(connection)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nuntil it closes",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 600 Beyond\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 099 Before\r\n\r\n" + OK,
    ],
    ids=[
        "no-end",
        "two-framings",
        "two-lengths",
        "no-number",
        "long-head",
        "upgrade",
        "another-protocol",
        "beyond",
        "before",
    ],
)
async def test_what_is_no_answer_breaks_the_connection(answer: bytes) -> None:
    async with service(answer, answer) as upstream:
        with pytest.raises(ConnectionBrokenError):
            await asked(upstream.pool)


async def test_what_nobody_asked_for_is_never_taken_for_the_next_answer() -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    async with service(OK + poison, *[OK] * 5) as upstream:
        # Where the poison came along with the answer, both are dropped, and a read is sent once more.
        assert await asked(upstream.pool) == (200, b"ok")
        assert await asked(upstream.pool) == (200, b"ok")
        connection = await upstream.pool.ask(GET, None, is_chunked=False)
        while not (await connection.read())[1]:
            pass
        upstream.pool.leave(connection)
        upstream.connections[-1].write(poison)
        await asyncio.wait_for(_until_over(connection), WAIT)
        assert await asked(upstream.pool) == (200, b"ok")


async def test_a_connection_that_the_service_ends_is_not_used_again() -> None:
    async with service(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", OK) as upstream:
        assert await asked(upstream.pool) == (200, b"ok")
        assert await asked(upstream.pool) == (200, b"ok")
        assert len(upstream.connections) == 2


async def test_a_connection_that_was_idle_for_long_is_not_used_again() -> None:
    async with service(OK, OK) as upstream:
        assert await asked(upstream.pool) == (200, b"ok")
        # The service may be closing it by now.
        upstream.pool._idle[0]._idle_since -= _IDLE_SECONDS
        assert await asked(upstream.pool) == (200, b"ok")
        assert len(upstream.connections) == 2


async def test_an_answer_before_the_body_is_whole_is_the_answer() -> None:
    never = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    async with service(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", OK) as upstream:
        assert await asked(upstream.pool, GET, body()) == (413, b"")
        # The rest of that body would be read as the next request.
        assert await asked(upstream.pool) == (200, b"ok")
        assert len(upstream.connections) == 2


async def test_what_reading_the_body_raises_is_heard_and_the_connection_closed() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError

    async with service(b"", OK) as upstream:
        with pytest.raises(LookupError):
            await asked(upstream.pool, GET, body())
        assert await asked(upstream.pool) == (200, b"ok")
        assert len(upstream.connections) == 2


async def test_a_caller_who_takes_it_slowly_holds_the_service_back() -> None:
    size = 64 * 1024 * 1024
    async with service(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)) as upstream:
        connection = await upstream.pool.ask(GET, None, is_chunked=False)
        taken, most, is_last = 0, 0, False
        while not is_last:
            piece, is_last = await asyncio.wait_for(connection.read(), WAIT)
            taken, most = taken + len(piece), max(most, len(piece))
            # What would come meanwhile has every chance to.
            for _ in range(5):
                await asyncio.sleep(0)
        upstream.pool.leave(connection)

    assert taken == size
    assert most < 2 * 1024 * 1024


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with service() as upstream:
        pass
    with pytest.raises(NoConnectionError):
        await asked(upstream.pool)


async def _until_over(connection: Connection) -> None:
    while connection.is_usable:  # noqa: ASYNC110 - a connection has no event that says so, and needs none
        await asyncio.sleep(0)
