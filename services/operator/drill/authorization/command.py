"""`eventide drill authorization`: who may see what, tried through the gateway and judged by the oracle's tables."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import uvloop

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.contracts.identity import Role
from services.operator.drill.authorization.cells import cell
from services.operator.drill.authorization.openings import openings, operations, try_opening
from services.operator.drill.authorization.trying import Trial
from services.operator.drill.authorization.world import Answer, Call, Caller, Request, World
from services.operator.lifecycle import say
from services.operator.stack import Addresses, running_stack
from services.operator.token_command import mint

_AT_ONCE: Final = 12
_TOKEN_SECONDS: Final = 60.0
_BATCH: Final = 1000
_EXAMPLES: Final = 20


def run(arguments: argparse.Namespace) -> int:
    """Try so many cells on a stack of one's own; the status is 1 for a wrong answer, and for a route left out."""
    with (
        running_stack(progress=say) as addresses,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        report = runner.run(_through_the_gateway(addresses, arguments.cells))
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<16} {of}" for name, of in report.items()))
    return 1 if report["wrong"] or report["routes_covered"] < report["routes"] else 0


class _Bearers:
    """The tokens of callers; one is used for a while, because signing and exchanging it costs as much as a cell.

    Not for long: what asks for a second factor asks for a young one.
    """

    def __init__(self, secrets: Path) -> None:
        self.accounts = {relation: uuid4() for relation in ("care_team", "site", "glass")}
        self._secrets = secrets
        self._organizations = {"own": uuid4(), "other": uuid4()}
        self._callers: dict[Caller, UUID] = {}
        self._tokens: dict[Caller, tuple[str, float]] = {}

    def of(self, caller: Caller) -> str:
        """Return a token that is a minute old at most."""
        token, since = self._tokens.get(caller, ("", float("-inf")))
        if perf_counter() - since > _TOKEN_SECONDS:
            token, since = self._mint(caller), perf_counter()
            self._tokens[caller] = token, since
        return token

    def _mint(self, caller: Caller) -> str:
        role = Role(caller.role)
        return mint(
            self._secrets,
            frozenset({role}),
            user=self._callers.setdefault(caller, self.accounts.get(caller.relation) or uuid4()),
            organization=None if role is Role.PLATFORM_OPERATOR else self._organizations[caller.organization],
            is_proved=True,
        )


async def _through_the_gateway(addresses: Addresses, count: int) -> dict[str, Any]:
    http, bearers = HttpClient(timeout_seconds=60), _Bearers(addresses.secrets)

    async def call(caller: Caller | None, request: Request) -> Answer:
        headers = {} if caller is None else {"authorization": f"Bearer {bearers.of(caller)}"}
        if request.version is not None:
            headers["if-match"] = f'"{request.version}"'
        body = None
        if request.body is not None:
            headers["content-type"], body = "application/json", json.dumps(request.body).encode()
        url = addresses.gateway + request.path
        answer = await http.request("gateway", request.method, url, headers=headers, body=body)
        return Answer(answer.status, answer.body)

    try:
        document = (await call(None, Request("GET", "/openapi.json"))).json()
        return await try_cells(call, bearers.accounts, document, count, Clock().now())
    finally:
        await http.close()


async def try_cells(
    call: Call, accounts: Mapping[str, UUID], document: Mapping[str, Any], count: int, now: datetime
) -> dict[str, Any]:
    """Try every route as those to whom it is closed, then cells of the matrix up to so many in all, and count."""
    started = perf_counter()
    world = World(call, {name: str(one) for name, one in accounts.items()}, now)
    await world.found()
    found = operations(document)
    tally, places = _Tally(), asyncio.Semaphore(_AT_ONCE)
    trial = Trial(world, call)

    async def one_opening(opening: Any) -> None:
        async with places:
            fault = await try_opening(call, opening, world.known)
        tally.judged(opening.operation.id, fault, opening)

    async def one_cell(number: int) -> None:
        tried = cell(number)
        async with places:
            verdict = await trial.try_cell(number, tried)
        if verdict is not None:
            tally.permitted += verdict.permitted
            tally.judged(verdict.operation, verdict.fault, tried)

    await asyncio.gather(*(one_opening(opening) for opening in openings(found)))
    first = 0
    while tally.cells < count:
        # A cell in which there is nothing to ask for is none, and the next takes its place.
        batch = range(first, first + min(_BATCH, count - tally.cells))
        await asyncio.gather(*(one_cell(number) for number in batch))
        first = batch.stop
        print(f"{tally.cells} of {count} cells", file=sys.stderr, flush=True)
    faults = dict(tally.faults)
    return {
        "cells": tally.cells,
        "leaks": faults.pop("leak", 0),
        "told_apart": faults.pop("told_apart", 0),
        "wrong_denials": faults.pop("wrong_denial", 0),
        "failures": faults,
        "wrong": tally.faults.total(),
        "routes": len(found),
        "routes_covered": len({operation.id for operation in found} & tally.operations),
        "permitted": tally.permitted,
        "examples": tally.examples,
        "seconds": round(perf_counter() - started, 1),
    }


@dataclass(slots=True)
class _Tally:
    """What came of the cells so far."""

    cells: int = 0
    permitted: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)

    def judged(self, operation: str, fault: str | None, tried: object) -> None:
        self.cells += 1
        self.operations.add(operation)
        if fault is not None:
            self.faults[fault] += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(f"{fault}: {operation} {tried}")
