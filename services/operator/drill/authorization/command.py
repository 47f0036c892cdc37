"""`eventide drill authorization`: who may see what, tried through the gateway and judged by the oracle's tables."""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID, uuid4

import uvloop

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.root_keys import read_root_key
from services.clients.attendance import AttendanceClient
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.contracts.records.encounters import AttendanceEvent
from services.operator.drill.authorization.cells import Cell, cell, every_cell
from services.operator.drill.authorization.openings import Opening, openings, operations, try_opening
from services.operator.drill.authorization.trying import Trial
from services.operator.drill.authorization.world import (
    ENROLLED,
    RELATIONS_WITH_ACCOUNTS,
    Answer,
    Caller,
    Request,
    World,
)
from services.operator.folders import PASSABLE
from services.operator.lifecycle import say
from services.operator.stack import Addresses, running_stack
from services.operator.state import StateFolder
from services.operator.token_command import mint

Done = TypeVar("Done")

_AT_ONCE: Final = 12
_TOKEN_SECONDS: Final = 60.0
_BATCH: Final = 1000
_EXAMPLES: Final = 20


def run(arguments: argparse.Namespace) -> int:
    """Try so many cells on a stack of one's own; the status is 1 for a wrong answer, and for a route left out."""
    folder, now = Path(tempfile.mkdtemp(prefix="eventide-authorization-")), Clock().now()
    folder.chmod(PASSABLE)
    stack = _Stack()
    world = World(stack.call, {name: str(one) for name, one in stack.accounts.items()}, now, stack.tell)
    try:
        with (
            running_stack(folder, clock=now - ENROLLED, progress=say) as addresses,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(stack.during(addresses, world.enrol))
        with (
            running_stack(folder, progress=say) as addresses,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            report = runner.run(stack.during(addresses, lambda: _tried(world, stack, arguments)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<16} {of}" for name, of in report.items()))
    return 1 if report["wrong"] or report["routes_covered"] < report["routes"] else 0


async def _tried(world: World, stack: "_Stack", arguments: argparse.Namespace) -> dict[str, Any]:
    document = (await stack.call(None, Request("GET", "/openapi.json"))).json()
    if arguments.all:
        every = islice(every_cell(), arguments.shard[0] - 1, None, arguments.shard[1])
        return await try_cells(world, document, every, None)
    return await try_cells(world, document, map(cell, count()), arguments.cells)


class _Stack:
    """A stack as the drill calls it, by the tokens of its callers.

    A token is used for a while, because signing and exchanging it costs as much as a cell; and not for long: what asks
    for a second factor asks for a young one.
    """

    def __init__(self) -> None:
        self.accounts = {relation: uuid4() for relation in RELATIONS_WITH_ACCOUNTS}
        self._organizations = {"own": uuid4(), "other": uuid4()}
        self._callers: dict[Caller, UUID] = {}
        self._tokens: dict[Caller, tuple[str, float]] = {}
        self._opened: _Opened | None = None

    async def during(self, addresses: Addresses, do: Callable[[], Awaitable[Done]]) -> Done:
        """Do something while a stack runs."""
        http, root_key = HttpClient(timeout_seconds=60), read_root_key(StateFolder(addresses.secrets.parent).root_key)
        scheduling = AttendanceClient(http, addresses.records, root_key, Clock(addresses.ahead))
        self._opened = _Opened(http, addresses, scheduling)
        self._tokens.clear()
        try:
            return await do()
        finally:
            await http.close()

    async def call(self, caller: Caller | None, request: Request) -> Answer:
        """Send a request through the gateway."""
        http, addresses, _ = self._running
        headers = {} if caller is None else {"authorization": f"Bearer {self._token(caller)}"}
        if request.version is not None:
            headers["if-match"] = f'"{request.version}"'
        if request.key is not None:
            headers["idempotency-key"] = request.key
        body = None
        if request.body is not None:
            headers["content-type"], body = "application/json", json.dumps(request.body).encode()
        url = addresses.gateway + request.path
        answer = await http.request("gateway", request.method, url, headers=headers, body=body)
        return Answer(answer.status, answer.body)

    async def tell(self, event: AttendanceEvent) -> None:
        """Tell records of a session."""
        await self._running.scheduling.receive_attendance(OrganizationId(self._organizations["own"]), event)

    @property
    def _running(self) -> "_Opened":
        assert self._opened is not None  # noqa: S101 - `during` comes first
        return self._opened

    def _token(self, caller: Caller) -> str:
        token, since = self._tokens.get(caller, ("", float("-inf")))
        if perf_counter() - since > _TOKEN_SECONDS:
            token, since = self._mint(caller), perf_counter()
            self._tokens[caller] = token, since
        return token

    def _mint(self, caller: Caller) -> str:
        role, addresses = Role(caller.role), self._running.addresses
        return mint(
            addresses.secrets,
            frozenset({role}),
            user=self._callers.setdefault(caller, self.accounts.get(caller.relation) or uuid4()),
            organization=None if role is Role.PLATFORM_OPERATOR else self._organizations[caller.organization],
            offset=addresses.ahead,
            is_proved=True,
        )


class _Opened(NamedTuple):
    """A stack that runs, and the clients of it."""

    http: HttpClient
    addresses: Addresses
    scheduling: AttendanceClient


async def try_cells(
    world: World, document: Mapping[str, Any], cells: Iterator[Cell], limit: int | None
) -> dict[str, Any]:
    """Try every route as those to whom it is closed, then cells, so many in all where there is a limit, and count."""
    started = perf_counter()
    await world.found()
    found = operations(document)
    tally, places = _Tally(), asyncio.Semaphore(_AT_ONCE)
    trial = Trial(world)

    async def one_opening(opening: Opening) -> None:
        async with places:
            fault = await try_opening(world.call, opening, world.known)
        tally.judged(opening.operation.id, fault, opening)

    async def one_cell(tried: Cell) -> None:
        async with places:
            verdict = await trial.try_cell(tried)
        if verdict is not None:
            tally.permitted += verdict.permitted
            tally.judged(verdict.operation, verdict.fault, tried)

    await asyncio.gather(*(one_opening(opening) for opening in openings(found)))
    while limit is None or tally.cells < limit:
        # A cell in which there is nothing to ask for is none, and the next takes its place.
        batch = list(islice(cells, _BATCH if limit is None else min(_BATCH, limit - tally.cells)))
        if not batch:
            break
        await asyncio.gather(*map(one_cell, batch))
        print(f"{tally.cells} of {limit or 'all'} cells", file=sys.stderr, flush=True)
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
