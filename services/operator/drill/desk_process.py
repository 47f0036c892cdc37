"""One front desk as a process: reads races from its input, and writes what came of their calls."""

import asyncio
import sys
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import uvloop

from services.chassis.telemetry import configure_logging
from services.contracts.identifiers import OrganizationId, SiteId
from services.operator.drill.contests import Call
from services.operator.drill.front_desk import FrontDesk, Place, front_desk


async def _serve() -> None:
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    told = orjson.loads(await lines.readline())
    async with (
        front_desk(told["app_url"], _place(told["place"]), connections=told["connections"]) as desk,
        asyncio.TaskGroup() as running,
    ):
        async for line in lines:
            running.create_task(_hold(desk, orjson.loads(line)))


async def _hold(desk: FrontDesk, said: dict[str, Any]) -> None:
    calls = [Call(verb, UUID(target), UUID(patient_id)) for verb, target, patient_id in said["calls"]]
    answers = await desk.ask_all(said["race"], calls)
    sys.stdout.buffer.write(orjson.dumps({"race": said["race"], "answers": [list(one) for one in answers]}) + b"\n")
    sys.stdout.buffer.flush()


def _place(told: dict[str, str]) -> Place:
    return Place(
        organization_id=OrganizationId(UUID(told["organization_id"])),
        site_id=SiteId(UUID(told["site_id"])),
        week=date.fromisoformat(told["week"]),
        start=datetime.fromisoformat(told["start"]),
        end=datetime.fromisoformat(told["end"]),
    )


if __name__ == "__main__":
    configure_logging("drill", "ERROR")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
