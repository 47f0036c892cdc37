"""Transactions for what is told by itself, and not with something that happens."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.wiring import Process
from services.contracts.identifiers import OrganizationId
from services.gateway.security_events.logic import SecurityTrail
from services.gateway.security_events.storage import SecurityEventStorage

Trails = Callable[[], AbstractAsyncContextManager[SecurityTrail]]
"""Opens a transaction with the trail in it."""


def trails_in(database: Database, key: bytes, grown: set[OrganizationId], clock: Clock) -> Trails:
    """Return what opens transactions of a database; `key` seals events, and `grown` is told whose trail has grown."""

    @asynccontextmanager
    async def open_trail() -> AsyncIterator[SecurityTrail]:
        async with database.command(None) as db:
            yield SecurityTrail(SecurityEventStorage(db, key, grown), key, clock)

    return open_trail


def trails_of(app: Any) -> Trails:
    """Return what opens transactions of the database of the process that serves an application."""
    process: Process = app.state.process
    equipment = app.state.equipment
    return trails_in(process.database, equipment.audit_key, equipment.grown_trails, process.clock)
