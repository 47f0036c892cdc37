"""The control socket: one JSON request a line, one JSON answer a line."""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.operator.errors import OperatorError
from services.operator.state import StateFolder

_NAME = "control.sock"
_ANSWER_SECONDS = 120.0

Answer = dict[str, Any]
Handler = Callable[[dict[str, str]], Awaitable[Answer]]


class NotRunningError(OperatorError):
    """Nothing answers on the control socket."""

    def __init__(self, state: Path) -> None:
        super().__init__(f"Nothing is running in {state}. Start it with `./eventide up`.")


class ControlRefusedError(OperatorError):
    """The supervisor refused a request."""


async def serve_control(folder: Path, handler: Handler) -> asyncio.Server:
    """Answer requests on a socket in the folder, which is what keeps others out."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if line := await reader.readline():
                try:
                    answer = await handler(json.loads(line))
                except OperatorError as refusal:
                    answer = {"error": str(refusal)}
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    (folder / _NAME).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    with _short_path(folder) as path:
        listener.bind(path)
    return await asyncio.start_unix_server(connected, sock=listener)


def ask(state: StateFolder, request: dict[str, str]) -> Answer:
    """Send one request to the supervisor of a state folder and return its answer.

    Raises:
        NotRunningError: There is no supervisor, or it ended before it answered.
        ControlRefusedError: It refused, in words.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ANSWER_SECONDS)
        try:
            with _short_path(state.run) as path:
                connection.connect(path)
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = connection.makefile("rb").readline()
        except (FileNotFoundError, ConnectionError):
            line = b""
    if not line:
        raise NotRunningError(state.root)
    answer: Answer = json.loads(line)
    if "error" in answer:
        raise ControlRefusedError(answer["error"])
    return answer


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """Name the socket through a descriptor: sun_path holds 107 bytes, a state folder may be longer."""
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{_NAME}"
    finally:
        os.close(descriptor)
