"""A service of our own behind a second gateway: it tells what reached it, and answers as it is told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

_LARGEST: Final = 1024 * 1024
EVENTS: Final = (b"event: one\ndata: 1\n\n", b"event: two\ndata: 2\n\n")


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came."""

    method: str
    target: str
    fields: dict[str, str]


@dataclass
class Upstream:
    """Where it answers, and what it heard."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    is_silent: bool = False
    """Whether it hears and does not answer."""
    breaks: bool = False
    """Whether it ends the connection instead of answering."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    """Lets a stream of events send its second one, and a silent service end."""
    connections: dict[asyncio.StreamWriter, "asyncio.Task[None] | None"] = field(default_factory=dict)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections[writer] = asyncio.current_task()
        try:
            while True:
                await self._answer(await self._read(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Heard:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        await reader.readexactly(int(fields.get("content-length", "0")))
        heard = Heard(method, target, fields)
        self.heard.append(heard)
        return heard

    async def _answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        if self.breaks:
            raise ConnectionAbortedError
        if self.is_silent:
            await self.go_on.wait()
            raise ConnectionAbortedError
        if heard.target.endswith("/events"):
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            writer.write(head + b"%x\r\n%b\r\n" % (len(EVENTS[0]), EVENTS[0]))
            await writer.drain()
            await self.go_on.wait()
            writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(EVENTS[1]), EVENTS[1]))
        else:
            told = (b"HTTP/1.1 200 OK", b"content-type: application/json", b"server: upstream/1", b"x-powered-by: x",
                    b"content-length: 2")  # fmt: skip
            writer.write(b"\r\n".join(told) + b"\r\n\r\n{}")
        await writer.drain()


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    """Listen on loopback for the length of a block."""
    made = Upstream()
    server = await asyncio.start_server(made.meet, "127.0.0.1", 0, limit=_LARGEST)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        made.go_on.set()
        for writer in made.connections:
            writer.close()
        await asyncio.gather(*filter(None, made.connections.values()), return_exceptions=True)
