"""`eventide drill canaries`: what patients say is planted in every sealed column, and must be readable nowhere."""

import argparse
import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from services.chassis.clock import Clock
from services.operator.drill.canaries.planting import Planter
from services.operator.drill.canaries.searching import Found, Searched, search_database, search_files
from services.operator.drill.canaries.sending import Sender
from services.operator.drill.canaries.words import Canaries
from services.operator.folders import PASSABLE
from services.operator.lifecycle import say
from services.operator.postgres.credentials import SERVICES
from services.operator.postgres.running import running_cluster, superuser_url
from services.operator.stack import Addresses, running_stack
from services.operator.state import StateFolder

_FRIDAY: Final = datetime(2026, 10, 2, 9, tzinfo=UTC)
_WEEKS_LATER: Final = datetime(2026, 11, 6, 9, tzinfo=UTC)
"""By then draws that were committed to on Friday have been released."""

Report = dict[str, Any]


def run(arguments: argparse.Namespace) -> int:
    """Plant and search on a stack of one's own; the status is 1 where a word was found, or a column holds none."""
    report = drill()
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<12} {of}" for name, of in report.items()))
    return 0 if is_kept(report) else 1


def is_kept(report: Report) -> bool:
    """Whether nothing was readable, nothing was left out, and the search did find what it was meant to find."""
    return not report["found"] and not report["unplanted"] and bool(report["control_found"])


def drill() -> Report:
    """Plant and search, and report."""
    started, canaries = perf_counter(), Canaries()
    sender = Sender(canaries)
    planter, folder = Planter(sender, canaries), Path(tempfile.mkdtemp(prefix="eventide-canaries-"))
    folder.chmod(PASSABLE)
    state = StateFolder(folder)
    try:
        with running_stack(folder, clock=_FRIDAY, progress=say) as addresses:
            asyncio.run(during(sender, addresses, planter.before_the_draw))
        with running_stack(folder, clock=_WEEKS_LATER, progress=say) as addresses:
            asyncio.run(during(sender, addresses, planter.after_the_draw))
            say("searching the databases")
            searched = asyncio.run(search_all(state, canaries))
        # The services have ended, and with them every line of their logs is written.
        say("searching the files")
        in_files = search_files(folder, canaries.words)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return judged(canaries, searched, sender.echoed | in_files) | {
        "refusals": sender.refusals,
        "measures": sender.measures,
        "seconds": round(perf_counter() - started, 1),
    }


def judged(canaries: Canaries, searched: Searched, elsewhere: set[Found]) -> Report:
    """Say what was planted, what of it can be read and where, and which sealed columns nothing is known of."""
    controls = {one for one in searched.found if one.word == canaries.control}
    found = sorted((searched.found - controls) | elsewhere)
    return {
        "planted": len(canaries.words) + sum(map(len, canaries.marks.values())),
        "found": len(found),
        "where": sorted({one.where for one in found}),
        "columns": len(searched.sealed),
        "unplanted": sorted(map(str, (searched.sealed - canaries.planted) | searched.empty)),
        "control_found": sorted(one.where for one in controls),
        "rows": searched.rows,
    }


async def during(sender: Sender, addresses: Addresses, plant: Callable[[datetime], Awaitable[None]]) -> None:
    """Plant in a stack at what its own clock says, be it started long ago."""
    async with sender.calling(addresses):
        await plant(Clock(addresses.ahead).now() - timedelta(seconds=1))
        await sender.read_measures(addresses)


async def search_all(state: StateFolder, canaries: Canaries) -> Searched:
    """Search the three databases of a stack that runs."""
    url = running_cluster(state).admin_url
    total = Searched(set(), set(), set(), 0)
    for service in SERVICES:
        total = total.joined(await search_database(service, superuser_url(url, service), canaries))
    return total
