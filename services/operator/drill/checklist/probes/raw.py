"""HTTP/1.1 written by hand, for requests that no client library would send."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_SECONDS: Final = 200.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RawAnswer(NamedTuple):
    """The head of an answer and its body; status 0 where the connection ended without one."""

    status: int
    fields: Mapping[str, str]
    body: bytes


NOTHING: Final = RawAnswer(0, {}, b"")


def head(target: str, *fields: str, method: str = "GET", host: str | None = "localhost") -> bytes:
    """Write a head as it is told, right or wrong."""
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@asynccontextmanager
async def connection_to(url: str) -> AsyncIterator[Connection]:
    """Open a connection for the length of a block."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_answer(connection: Connection) -> RawAnswer:
    """Read one answer that says its length; `NOTHING` where the connection ends instead."""
    try:
        async with asyncio.timeout(_SECONDS):
            raw = (await connection[0].readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = raw.strip().split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await connection[0].readexactly(int(fields.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return NOTHING
    return RawAnswer(int(first.split()[1]), fields, body)


async def exchange(url: str, request: bytes) -> RawAnswer:
    """Send bytes on a connection of their own and read what comes first."""
    async with connection_to(url) as connection:
        try:
            connection[1].write(request)
            await connection[1].drain()
        except ConnectionError:
            return NOTHING
        return await read_answer(connection)


async def is_ended(connection: Connection, seconds: float) -> bool:
    """Say whether the other side ends a connection within so many seconds, whatever it still says."""
    try:
        async with asyncio.timeout(seconds):
            while await connection[0].read(65536):
                pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True
