"""Reading the audit trail from its database, whether or not the stack runs."""

import argparse
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.chassis.audit.chain import Link
from services.operator.databases import running_databases
from services.operator.lifecycle import database_url_of, say
from services.operator.locks import InheritedLock
from services.operator.postgres.cluster import EmbeddedPostgres
from services.operator.postgres.credentials import load_credentials
from services.operator.postgres.location import cluster_folder
from services.operator.postgres.provision import DatabaseUrls, service_urls
from services.operator.state import StateFolder

AUDITED: Final = ("records",)
"""Services that keep an audit trail."""

_LINKS: Final = "select lane, number, event, seal, hash from audit_events order by lane, number"
_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_PREFETCH: Final = 2000
_PORT_LINE: Final = 3
"""Of postmaster.pid, from 0."""


@contextmanager
def audited_databases(state: StateFolder, arguments: argparse.Namespace) -> Iterator[Mapping[str, DatabaseUrls]]:
    """Lend the databases of a state folder: of the stack that runs, or of one that is started for the block."""
    url = database_url_of(arguments)
    if url is not None:
        yield service_urls(url, load_credentials(state.secrets / "databases"))
        return
    cluster = EmbeddedPostgres(cluster_folder(state.postgres))
    lock = InheritedLock(state.lock)
    if lock.owner():
        port = (cluster.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[_PORT_LINE]
        credentials = load_credentials(state.secrets / "databases")
        yield service_urls(cluster.admin_dsn, credentials, address=f"{cluster.host}:{port}")
        return
    lock.acquire(patience=0)
    try:
        with running_databases(state, None, say) as databases:
            yield databases.urls
    finally:
        lock.release()


async def organizations_of(gateway_url: str) -> list[UUID]:
    """Name every organization of the installation."""
    connection = await asyncpg.connect(gateway_url)
    try:
        return [row["id"] for row in await connection.fetch("select id from organizations order by id")]
    finally:
        await connection.close()


async def links_of(connection: Any, organization_id: UUID) -> AsyncIterator[Link]:
    """Yield an organization's links in the order of lanes and numbers, as one transaction sees them."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(_SET_ORGANIZATION, str(organization_id))
        async for row in connection.cursor(_LINKS, prefetch=_PREFETCH):
            yield Link(*row)
