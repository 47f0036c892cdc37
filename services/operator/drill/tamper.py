"""`eventide drill tamper`: the owner of the database changes the trail in every way, and the verifier must notice."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from random import Random
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import uvloop

from services.chassis.audit.chain import Head, Verified, audit_key, verify
from services.chassis.audit.trail import append, event_text
from services.chassis.migrations import upgrade
from services.operator.audit.reading import links_of
from services.operator.drill.tampering import TAMPERINGS, Trail
from services.operator.postgres.credentials import generate_credentials
from services.operator.postgres.ephemeral import ephemeral_cluster
from services.operator.postgres.provision import DatabaseUrls, provision

_SERVICE: Final = "records"
_EVENTS: Final = 240
_KEY: Final = audit_key(bytes(range(32)))
_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_EVERY: Final = 50
"""After so many tamperings the untouched trail is verified again: an alarm then is a false one."""


def run(arguments: argparse.Namespace) -> int:
    """Tamper with a PostgreSQL of its own; the status is 1 where a tampering was missed or an alarm was false."""
    with ephemeral_cluster() as cluster:
        credentials = {_SERVICE: generate_credentials()[_SERVICE]}
        urls = asyncio.run(provision(cluster.admin_dsn, credentials, address=cluster.address))
        upgrade(_SERVICE, urls[_SERVICE].owner)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(tamper(urls[_SERVICE], arguments.n, arguments.seed))
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<14} {of}" for name, of in report.items()))
    return 0 if report["found"] == report["tampered"] and not report["false_alarms"] else 1


async def tamper(urls: DatabaseUrls, count: int, seed: int) -> dict[str, Any]:
    """Write a trail as the application, then tamper with it so many times as the owner, and count."""
    started, random, organization_id = perf_counter(), Random(seed), uuid4()  # noqa: S311 - it only chooses what to try
    await _write_trail(urls.app, organization_id)
    owner = await asyncpg.connect(urls.owner)
    found, missed, false_alarms = Counter[str](), list[str](), 0
    try:
        checkpoint = (await _verified(owner, organization_id, {})).heads
        for number in range(count):
            if number % _EVERY == 0:
                false_alarms += len((await _verified(owner, organization_id, checkpoint)).findings)
                print(f"{number} of {count} tamperings", file=sys.stderr, flush=True)
            name, tampering = TAMPERINGS[number % len(TAMPERINGS)]
            if await _is_noticed(owner, Trail(owner, organization_id, random), tampering, checkpoint):
                found[name] += 1
            else:
                missed.append(name)
        false_alarms += len((await _verified(owner, organization_id, checkpoint)).findings)
    finally:
        await owner.close()
    return {
        "tampered": count,
        "found": found.total(),
        "false_alarms": false_alarms,
        "missed": dict(Counter(missed)),
        "by_kind": dict(sorted(found.items())),
        "events": _EVENTS,
        "seconds": round(perf_counter() - started, 2),
    }


async def _write_trail(app_url: str, organization_id: UUID) -> None:
    connection = await asyncpg.connect(app_url)
    try:
        for number in range(_EVENTS):
            members = {"operation": "read_patient", "subjects": [uuid4()], "outcome": "permitted", "count": number}
            async with connection.transaction():
                await connection.execute(_SET_ORGANIZATION, str(organization_id))
                text = event_text(at=datetime(2026, 10, 2, tzinfo=UTC), members=members)
                await append(connection, _KEY, organization_id, [text])
    finally:
        await connection.close()


async def _is_noticed(owner: Any, trail: Trail, tampering: Any, checkpoint: dict[int, Head]) -> bool:
    transaction = owner.transaction()
    await transaction.start()
    try:
        await owner.execute(_SET_ORGANIZATION, str(trail.organization_id))
        await tampering(trail)
        links = await trail.links()
        return bool(verify(_KEY, trail.organization_id, links, [checkpoint]).findings)
    finally:
        await transaction.rollback()


async def _verified(owner: Any, organization_id: UUID, checkpoint: dict[int, Head]) -> Verified:
    links = [link async for link in links_of(owner, organization_id)]
    return verify(_KEY, organization_id, links, [checkpoint])
