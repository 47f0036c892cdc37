"""Applications under test: called in the process, or served on a loopback port of the test's own loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI

from services.chassis.protocol import StrictProtocol
from services.chassis.serve import KEPT_SECONDS


@asynccontextmanager
async def nothing_to_open(_app: FastAPI) -> AsyncIterator[None]:
    yield


def call_in_process(app: Any, *, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://eventide.test", headers=headers)


@asynccontextmanager
async def served(app: Any, *, protocol: type[StrictProtocol] = StrictProtocol) -> AsyncIterator[str]:
    """Serve an application on loopback; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_level="error",
        access_log=False,
        ws="none",
        http=protocol,
        proxy_headers=False,
        timeout_keep_alive=KEPT_SECONDS,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
