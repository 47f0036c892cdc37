"""HTTP/1.1 written by hand, for requests that no client library would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connection_to(url: str) -> AsyncIterator[Connection]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield reader, writer
    finally:
        writer.close()


def head(target: str, *fields: str, method: str = "GET", host: str | None = "eventide.test") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []), *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def send(connection: Connection, data: bytes) -> None:
    connection[1].write(data)
    await connection[1].drain()


async def read_head(connection: Connection) -> tuple[int, dict[str, str]]:
    """Return status and fields of the next answer, and leave its body unread."""
    raw = (await connection[0].readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = raw.strip().split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), fields


async def read_chunk(connection: Connection) -> bytes:
    """Return the next chunk of a chunked body."""
    size = int(await connection[0].readline(), 16)
    chunk = await connection[0].readexactly(size)
    await connection[0].readline()
    return chunk


async def status_of(url: str, request: bytes) -> int:
    """Send one request on a connection of its own and return the status of the answer."""
    async with connection_to(url) as connection:
        await send(connection, request)
        return (await read_head(connection))[0]
