"""Front desks in processes of their own: the contenders of one race come from all of them at once.

The parent writes one line of JSON a race to each process, and each answers with a line, in whatever order they end.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Protocol, Self

import orjson

from services.operator.drill.contests import Call
from services.operator.drill.front_desk import Answer, Place, front_desk

_PROGRAM: Final = "services.operator.drill.desk_process"
_LONGEST_LINE: Final = 1 << 20


class Desk(Protocol):
    """Sends the calls of a race at once."""

    async def ask_all(self, race: int, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers in the order of the calls."""


class DeskGoneError(Exception):
    """A process of the front desk ended before it had answered everything."""


class RemoteDesk:
    """One process, and the races whose answers are awaited of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._awaited: dict[int, asyncio.Future[list[Answer]]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, app_url: str, place: Place, connections: int) -> Self:
        """Start a process; it is told where to work by its input, as a command line is seen by everybody."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROGRAM,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_LINE,
        )  # fmt: skip
        desk = cls(process)
        desk._write({"app_url": app_url, "place": place, "connections": connections})
        return desk

    def _write(self, line: Any) -> None:
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(orjson.dumps(line) + b"\n")

    async def ask_all(self, race: int, calls: Sequence[Call]) -> list[Answer]:
        """Have the calls sent at once and wait for every answer."""
        if self._reading.done():
            raise DeskGoneError
        self._awaited[race] = asyncio.get_running_loop().create_future()
        self._write({"race": race, "calls": [list(call) for call in calls]})
        return await self._awaited[race]

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        async for line in self._process.stdout:
            said = orjson.loads(line)
            self._awaited.pop(said["race"]).set_result([Answer(*answer) for answer in said["answers"]])
        for waiting in self._awaited.values():
            waiting.set_exception(DeskGoneError())

    async def close(self) -> None:
        """Let the process end, and wait until it has."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.close()
        await self._process.wait()
        await self._reading


class DesksSideBySide:
    """Deals the calls of each race to several desks, so that the contenders meet in the database alone."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        self._desks = desks

    async def ask_all(self, race: int, calls: Sequence[Call]) -> list[Answer]:
        """Send the calls of a race at once and wait for every answer."""
        count = len(self._desks)
        dealt = [(calls[turn::count], self._desks[(race + turn) % count]) for turn in range(count)]
        parts = await asyncio.gather(*(desk.ask_all(race, part) for part, desk in dealt if part))
        return [parts[number % count][number // count] for number in range(len(calls))]


@asynccontextmanager
async def front_desks(app_url: str, place: Place, *, processes: int, connections: int) -> AsyncIterator[Desk]:
    """Open a front desk in each of so many processes, or in this one; `connections` calls find one free in each."""
    async with AsyncExitStack() as stack:
        if processes == 1:
            yield await stack.enter_async_context(front_desk(app_url, place, connections=connections))
            return
        desks = list[RemoteDesk]()
        for _ in range(processes):
            desk = await RemoteDesk.start(app_url, place, connections)
            stack.push_async_callback(desk.close)
            desks.append(desk)
        yield DesksSideBySide(desks)
