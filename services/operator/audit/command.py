"""The commands `audit verify` and `audit export`."""

import argparse
import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from services.chassis.audit.chain import Verified, Verifier, audit_key
from services.chassis.audit.checkpoints import (
    VerifyingKeys,
    load_verifying_keys,
    organizations_in,
    read_checkpoints,
)
from services.chassis.root_keys import read_root_key
from services.operator.audit.reading import AUDITED, INSTALLATION, links_of, organizations_of
from services.operator.errors import OperatorError
from services.operator.lifecycle import state_of
from services.operator.postgres.provision import DatabaseUrls
from services.operator.reaching import reached_databases
from services.operator.state import StateFolder

Report = dict[str, Any]


class NoKeysError(OperatorError):
    """The state folder has no keys, so nothing was ever written that could be verified."""

    def __init__(self, state: StateFolder) -> None:
        super().__init__(f"There are no keys in {state.root}: nothing has run there yet.")


def verify(arguments: argparse.Namespace) -> int:
    """Verify every organization's trail against its checkpoints; the status is 1 where a fault is found."""
    state = state_with_keys(arguments)
    with reached_databases(state, arguments) as reached:
        report = asyncio.run(verify_all(state, reached.urls))
    print(json.dumps(report) if arguments.json else _lines(report))
    return 1 if report["faults"] else 0


def export(arguments: argparse.Namespace) -> int:
    """Print the events of one organization as lines of JSON, each with what proves it."""
    state = state_with_keys(arguments)
    with reached_databases(state, arguments) as reached:
        asyncio.run(_export(reached.urls, arguments.organization))
    return 0


def state_with_keys(arguments: argparse.Namespace) -> StateFolder:
    """Return the state folder asked for.

    Raises:
        NoKeysError: Nothing has run there yet.
    """
    state = StateFolder(state_of(arguments))
    if not state.checkpoint_key.exists() or not state.root_key.exists():
        raise NoKeysError(state)
    return state


async def verify_all(state: StateFolder, databases: Mapping[str, DatabaseUrls]) -> Report:
    """Verify the trails of all organizations of an installation."""
    started = perf_counter()
    here = await organizations_of(databases["gateway"].app)
    trails = {service: trail_of(state, service) for service in AUDITED}
    known = {INSTALLATION, *here, *(one for trail in trails.values() for one in organizations_in(trail.checkpoints))}
    report: Report = {"organizations": len(known - {INSTALLATION}), "events": 0, "checkpoints": 0, "faults": []}
    for service, trail in trails.items():
        connection = await asyncpg.connect(databases[service].app)
        try:
            for organization_id in sorted(known):
                await _verify_one(trail, connection, organization_id, report)
        finally:
            await connection.close()
    return report | {"seconds": round(perf_counter() - started, 2)}


class Trail(NamedTuple):
    """What one service's trail is verified with."""

    service: str
    key: bytes
    checkpoints: Path
    public: VerifyingKeys


def trail_of(state: StateFolder, service: str) -> Trail:
    """Return what a service seals its trail with, and where its checkpoints are: each has its own."""
    key, folder = {
        "records": (state.root_key, state.checkpoints),
        "gateway": (state.gateway_key, state.gateway_checkpoints),
    }[service]
    return Trail(service, audit_key(read_root_key(key)), folder, load_verifying_keys(state.checkpoint_key))


async def _verify_one(trail: Trail, connection: Any, organization_id: UUID, report: Report) -> None:
    checkpoints, unsigned = read_checkpoints(trail.public, trail.checkpoints, organization_id)
    verifier = Verifier(trail.key, organization_id, checkpoints)
    async for link in links_of(connection, organization_id):
        verifier.add(link)
    verified = verifier.finish()
    report["events"] += verified.events
    report["checkpoints"] += len(checkpoints)
    report["faults"] += _faults(trail.service, organization_id, verified, unsigned)


def _faults(service: str, organization_id: UUID, verified: Verified, unsigned: int) -> list[Report]:
    whose = {"service": service, "organization_id": str(organization_id)}
    found = [{**whose, "fault": one.fault.value, "lane": one.lane, "number": one.number} for one in verified.findings]
    return found + [{**whose, "fault": "checkpoint", "lines": unsigned}] * bool(unsigned)


async def _export(databases: Mapping[str, DatabaseUrls], organization_id: UUID) -> None:
    for service in AUDITED:
        connection = await asyncpg.connect(databases[service].app)
        try:
            async for link in links_of(connection, organization_id):
                proof = {"service": service, "lane": link.lane, "number": link.number}
                print(json.dumps({**proof, "event": link.event, "seal": link.seal.hex(), "hash": link.hash.hex()}))
        finally:
            await connection.close()


def _lines(report: Report) -> str:
    figures = "\n".join(f"{name:<15} {value}" for name, value in report.items() if name != "faults")
    found = "\n".join(str(fault) for fault in report["faults"]) or "no fault was found"
    return f"{figures}\n{found}"
