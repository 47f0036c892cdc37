"""`eventide drill checklist`: the numbered checks of the front door, made as a stranger on a stack of its own."""

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import aiohttp

from services.chassis.clock import Clock
from services.operator.drill.checklist import (
    audit,
    authorize,
    client_auth,
    discovery,
    http,
    login,
    refresh,
    resources,
    scopes,
    ssrf,
    token,
)  # fmt: skip
from services.operator.drill.checklist.probes.browsing import PageMissingError
from services.operator.drill.checklist.probes.calling import UNHEARD
from services.operator.drill.checklist.probes.factors import FactorRefusedError
from services.operator.drill.checklist.verdicts import (
    CHECKS,
    Check,
    CheckFailedError,
    NotApplicableError,
)
from services.operator.drill.checklist.world import ADDRESS, ROUNDS, Moment, SetUpFailedError, World
from services.operator.folders import PASSABLE
from services.operator.lifecycle import say
from services.operator.stack import Addresses, running_stack

SECTIONS: Final = (discovery, authorize, token, client_auth, refresh, resources, scopes, http, login, ssrf, audit)
"""In the order of the list."""

_MORE_TRIES: Final = 2
_LONGEST_SECONDS: Final = 300.0
_SEEN_TO_FAIL: Final = (
    CheckFailedError, PageMissingError, FactorRefusedError, SetUpFailedError, aiohttp.ClientError, OSError,
    # An answer that has another shape than it must have.
    KeyError, TypeError, ValueError, AttributeError, IndexError,
)  # fmt: skip

Verdict = dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Make every check on a stack of one's own; the status is 1 where one fails."""
    report = drill(arguments.check or CHECKS, rounds=arguments.rounds)
    print(json.dumps(report) if arguments.json else _lines(report))
    return 1 if report["failed"] else 0


def drill(numbers: Iterable[int] = CHECKS, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Make the checks of these numbers and report.

    Those that must wait go on when the stack is started again with a later clock.
    """
    started, begun = perf_counter(), Clock().now()
    folder = Path(tempfile.mkdtemp(prefix="eventide-checklist-"))
    folder.chmod(PASSABLE)
    checklist = Checklist(numbers, rounds=rounds)
    try:
        with asyncio.Runner() as runner:
            for moment in Moment:
                if moment is not Moment.START and not checklist.is_waiting:
                    break
                clock = Clock().now() + moment.value if moment.value else None
                with running_stack(folder, clock=clock, progress=say) as addresses:
                    runner.run(checklist.go_on(addresses, moment))
            runner.run(checklist.close())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return reported(checklist.verdicts) | {
        "begun_at": begun.isoformat(),
        "seconds": round(perf_counter() - started, 1),
    }


def reported(verdicts: dict[int, Verdict]) -> dict[str, Any]:
    """Count and list what was found."""
    results = [verdict["result"] for verdict in verdicts.values()]
    return {
        "checks": {str(number): verdicts[number] for number in sorted(verdicts)},
        "passed": results.count("pass"),
        "failed": results.count("fail"),
        "not_applicable": results.count("not applicable"),
        "failing": sorted(number for number, verdict in verdicts.items() if verdict["result"] == "fail"),
    }


class Checklist:
    """The checks, each going on until it is done or waits for a later moment."""

    def __init__(self, numbers: Iterable[int], *, rounds: int = ROUNDS) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self._checks = [CHECKS[number] for number in sorted(numbers)]
        self._rounds = rounds
        self._world: World | None = None
        self._waiting: list[tuple[Moment, asyncio.Event, Check, asyncio.Task[Verdict]]] = []

    async def go_on(self, addresses: Addresses, moment: Moment) -> None:
        """Begin all checks, or let those go on that wait for this moment."""
        if self._world is None:
            self._world = World(addresses, rounds=self._rounds)
            for check in self._checks:
                await self._follow(self._world, check, asyncio.create_task(_verdict_of(check, self._world)))
        self._world.addresses, self._world.moment = addresses, moment
        due = [one for one in self._waiting if one[0] is moment]
        self._waiting = [one for one in self._waiting if one[0] is not moment]
        for _, gone_on, check, task in due:
            gone_on.set()
            await self._follow(self._world, check, task)
        while self._world.last_acts:
            self._world.last_acts.pop()()

    @property
    def is_waiting(self) -> bool:
        """Whether a check waits for a later moment."""
        return bool(self._waiting)

    async def close(self) -> None:
        """Close what the checks asked with."""
        if self._world is not None:
            await self._world.sessions.close()

    async def _follow(self, world: World, check: Check, task: "asyncio.Task[Verdict]") -> None:
        paused = asyncio.create_task(world.paused.get())
        await asyncio.wait({task, paused}, timeout=_LONGEST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if paused.done() and not task.done():
            self._waiting.append((*paused.result(), check, task))
            return
        paused.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        over = {"result": "fail", "reason": f"it took longer than {_LONGEST_SECONDS:.0f} s"}
        self.verdicts[check.number] = over if task.cancelled() else task.result()
        verdict = self.verdicts[check.number]
        reason = f" ({verdict['reason']})" if verdict.get("reason") else ""
        say(f"{check.number:>2} {verdict['result']}: {check.title}{reason}")


async def _verdict_of(check: Check, world: World) -> Verdict:
    """Make a check; once more where it failed while requests were shed or lost, which says nothing about the door.

    Not where it has waited: what was so long ago cannot be had again.
    """
    ADDRESS.set(f"127.1.{check.number}.1")
    for _ in range(_MORE_TRIES):
        UNHEARD.set([])
        verdict = await _made(check, world)
        if verdict["result"] != "fail" or not UNHEARD.get() or world.moment is not Moment.START:
            return verdict
    return await _made(check, world)


async def _made(check: Check, world: World) -> Verdict:
    about: Verdict = {"section": check.section, "title": check.title}
    try:
        remark = await check.make(world)
    except NotApplicableError as reason:
        return about | {"result": "not applicable", "reason": str(reason)}
    except _SEEN_TO_FAIL as failure:
        return about | {"result": "fail", "reason": _worded(failure)}
    return about | {"result": "pass"} | ({"reason": remark} if remark else {})


def _worded(failure: BaseException) -> str:
    text = " ".join(str(failure).split())
    is_ours = isinstance(failure, CheckFailedError | PageMissingError | FactorRefusedError | SetUpFailedError)
    return text if is_ours else f"{type(failure).__name__}: {text}"


def _lines(report: dict[str, Any]) -> str:
    lines = [
        f"{number:>2}  {one['result']:<15} {one.get('title', '')}{': ' + one['reason'] if one.get('reason') else ''}"
        for number, one in report["checks"].items()
    ]
    counts = ", ".join(f"{report[name]} {name.replace('_', ' ')}" for name in ("passed", "failed", "not_applicable"))
    return "\n".join([*lines, counts])
