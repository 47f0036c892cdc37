"""`eventide drill races`: many want one seat at once, and exactly one gets it."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import uvloop

from services.chassis.clock import Clock
from services.chassis.migrations import upgrade
from services.chassis.telemetry import configure_logging
from services.contracts.identifiers import OrganizationId
from services.operator.drill.contests import CONTENDERS, Race, race
from services.operator.drill.desks import Desk, front_desks
from services.operator.drill.front_desk import Answer
from services.operator.drill.scratch import ScratchClinic
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import provision

_SERVICE: Final = "scheduler"
_PROCESSES: Final = 2
_RACES_AT_ONCE: Final = 6
_RACES_PREPARED: Final = 500
_SPARE: Final = 10


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


async def hold_races(app_url: str, count: int, *, processes: int = _PROCESSES) -> dict[str, Any]:
    """Hold so many races on a migrated scheduler database, in an organization of their own, and judge them.

    A race in which somebody was told to try again later shows nothing, and another one is held instead: of these few.
    """
    started, now = perf_counter(), Clock().now()
    clinic = await ScratchClinic.open(app_url, OrganizationId(uuid4()), now)
    tally = _Tally()
    # Enough for the largest races to be held all at once, each with a release beside it.
    connections = _RACES_AT_ONCE * (max(CONTENDERS) // processes + 1)
    try:
        async with front_desks(app_url, clinic.place, processes=processes, connections=connections) as desk:
            number, most = 0, count + _SPARE + count // 100
            while (missing := count - len(tally.seats_after)) and number < most:
                held = range(number, number + min(missing, _RACES_PREPARED, most - number))
                races = [race(one, now) for one in held]
                await clinic.prepare(number, races)
                await _hold(desk, number, races, tally)
                number = held.stop
                print(f"{len(tally.seats_after)} of {count} races", file=sys.stderr, flush=True)
        verdict = await clinic.judge(tally.seats_after)
    finally:
        await clinic.close()
    violated = {
        "wrong_winners": tally.wrong_winners,
        "failures": tally.failures + missing,
        **verdict._asdict(),
    }
    seconds = perf_counter() - started
    return {
        "races": len(tally.seats_after),
        "violations": sum(violated.values()),
        "violated": violated,
        "winners": tally.winners,
        "losers": dict(sorted(tally.refusals.items())),
        "by_kind": dict(tally.kinds),
        "by_path": dict(tally.paths),
        "held_again": number - len(tally.seats_after),
        "processes": processes,
        "calls": tally.calls,
        "seconds": round(seconds, 2),
        "races_per_second": round(count / seconds, 1),
    }


@dataclass(slots=True)
class _Tally:
    """What came of the races so far; `seats_after` are those that were decided, with the seats that must be taken."""

    winners: int = 0
    wrong_winners: int = 0
    failures: int = 0
    calls: int = 0
    seats_after: dict[int, int] = field(default_factory=dict)
    refusals: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)

    def answered(self, answers: Sequence[Answer]) -> None:
        self.calls += len(answers)
        self.refusals.update(answer.problem for answer in answers if not answer.is_success)
        self.failures += sum(
            answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not answer.is_cut_short for answer in answers
        )

    def decided(self, number: int, one: Race, winners: int) -> None:
        self.winners += winners
        self.wrong_winners += winners != 1
        self.seats_after[number] = one.seats_after
        self.kinds[one.kind] += 1
        self.paths[one.path] += 1


async def _hold(desk: Desk, first: int, races: Sequence[Race], tally: _Tally) -> None:
    places = asyncio.Semaphore(_RACES_AT_ONCE)

    async def hold(number: int, one: Race) -> None:
        async with places:
            winners = await _winners(desk, number, one, tally)
        if winners is not None:
            tally.decided(number, one, winners)

    await asyncio.gather(*(hold(number, one) for number, one in enumerate(races, first)))


async def _winners(desk: Desk, number: int, one: Race, tally: _Tally) -> int | None:
    """Count who got what all wanted, or return None where that was not decided; of a favourite nobody else counts."""
    release = [] if one.release is None else [one.release]
    answers = await desk.ask_all(number, [*one.contenders, *release])
    tally.answered(answers)
    is_cut_short = any(answer.is_cut_short for answer in answers)
    if release and not is_cut_short and not _won(one, answers):
        # They all came before the seat was free; now it is.
        answers = await desk.ask_all(number, one.contenders)
        tally.answered(answers)
        is_cut_short = any(answer.is_cut_short for answer in answers)
    if is_cut_short:
        return None
    winners = _won(one, answers)
    return len(winners) if one.favourite is None or winners == [one.favourite] else 0


def _won(one: Race, answers: Sequence[Answer]) -> list[UUID]:
    return [call.patient_id for call, answer in zip(one.contenders, answers, strict=False) if answer.is_success]


def _lines(report: dict[str, Any]) -> str:
    return "\n".join(f"{name:<20} {value}" for name, value in report.items())
