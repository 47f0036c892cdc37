"""Listeners of our own, where somebody might be led who believes a stranger's address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def counting_listener() -> AsyncIterator[tuple[int, Callable[[], int]]]:
    """Listen on loopback for the length of a block; yields the port, and what says how many have come."""
    came = 0

    async def meet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], lambda: came
    finally:
        server.close()
        await server.wait_closed()
