"""Reading the audit trail from its database."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.chassis.audit.chain import Link

AUDITED: Final = ("records", "gateway")
"""Services that keep an audit trail."""
INSTALLATION: Final = UUID(int=0)
"""Whose trail at the gateway holds what belongs to no organization."""

_LINKS: Final = "select lane, number, event, seal, hash from audit_events order by lane, number"
_SET_ORGANIZATION: Final = "select set_config('eventide.organization_id', $1, true)"
_PREFETCH: Final = 2000


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
