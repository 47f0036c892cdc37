"""`eventide drill races`: many want one seat at once, and exactly one gets it."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import uvloop

from services.chassis.clock import Clock
from services.chassis.migrations import upgrade
from services.chassis.telemetry import configure_logging
from services.contracts.identifiers import OrganizationId
from services.operator.drill.contests import CONTENDERS, Race, race
from services.operator.drill.front_desk import Answer, FrontDesk, front_desk
from services.operator.drill.scratch import ScratchClinic
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import provision

_SERVICE: Final = "scheduler"
_RACES_AT_ONCE: Final = 4
_RACES_PREPARED: Final = 400


def run(arguments: argparse.Namespace) -> int:
    """Hold the races on a PostgreSQL of their own; the status is 1 where the guarantee was violated."""
    configure_logging("drill", "ERROR")
    with ephemeral_cluster() as cluster:
        credentials = {_SERVICE: generate_credentials()[_SERVICE]}
        urls = asyncio.run(provision(cluster.admin_dsn, credentials, address=cluster.address))
        upgrade(_SERVICE, urls[_SERVICE].owner)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(hold_races(urls[_SERVICE].app, arguments.n))
    print(json.dumps(report) if arguments.json else _lines(report))
    return 1 if report["violations"] else 0


async def hold_races(app_url: str, count: int) -> dict[str, Any]:
    """Hold so many races on a migrated scheduler database, in an organization of their own, and judge them."""
    started, now = perf_counter(), Clock().now()
    organization_id = OrganizationId(uuid4())
    clinic = await ScratchClinic.open(app_url, organization_id, now)
    winners, wrong_winners, seats_after = 0, 0, list[int]()
    try:
        async with front_desk(app_url, organization_id, connections=_RACES_AT_ONCE * (CONTENDERS + 1)) as desk:
            for first in range(0, count, _RACES_PREPARED):
                races = [race(number, now) for number in range(first, min(count, first + _RACES_PREPARED))]
                await clinic.prepare(first, races)
                won = await _hold(desk, races)
                winners += sum(won)
                wrong_winners += len(won) - won.count(1)
                seats_after += [one.seats_after for one in races]
                print(f"{len(seats_after)} of {count} races", file=sys.stderr, flush=True)
        verdict = await clinic.judge(seats_after)
    finally:
        await clinic.close()
    violated = {"wrong_winners": wrong_winners, "failures": desk.failures, **verdict._asdict()}
    seconds = perf_counter() - started
    return {
        "races": count,
        "contenders": CONTENDERS,
        "violations": sum(violated.values()),
        "violated": violated,
        "winners": winners,
        "losers": dict(sorted(desk.refusals.items())),
        "seconds": round(seconds, 2),
        "races_per_second": round(count / seconds, 1),
    }


async def _hold(desk: FrontDesk, races: Sequence[Race]) -> list[int]:
    """Return how many won, of each race."""
    places = asyncio.Semaphore(_RACES_AT_ONCE)

    async def hold(one: Race) -> int:
        async with places:
            return await _winners(desk, one)

    return await asyncio.gather(*(hold(one) for one in races))


async def _winners(desk: FrontDesk, one: Race) -> int:
    """Count who got what all wanted; where somebody is bound to, nobody else counts."""
    release = [] if one.release is None else [one.release]
    answers = await desk.ask_all(*one.contenders, *release)
    if release and not _won(one, answers):
        # They all came before the seat was free; now it is.
        answers = await desk.ask_all(*one.contenders)
    winners = _won(one, answers)
    return len(winners) if one.favourite is None or winners == [one.favourite] else 0


def _won(one: Race, answers: Sequence[Answer]) -> list[UUID]:
    return [call.patient_id for call, answer in zip(one.contenders, answers, strict=False) if answer.is_success]


def _lines(report: dict[str, Any]) -> str:
    return "\n".join(f"{name:<20} {value}" for name, value in report.items())
