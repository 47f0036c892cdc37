"""Where the gateway's trail is kept, and how it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, Uuid, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.audit.trail import append
from services.chassis.database import after_commit, driver_connection, first_id, set_organization
from services.chassis.paging import PageRequest
from services.contracts.gateway.security_events import SecurityEvent, SecurityEventKind
from services.contracts.identifiers import OrganizationId
from services.gateway.rows import AUDIT_EVENTS

_SEEN: Final = text("select current_setting('eventide.organization_id', true)")
_LANES: Final = "audit_lanes"
_ID: Final[ColumnElement[UUID]] = literal_column("((event::jsonb ->> 'id')::uuid)", Uuid())
_KIND: Final[ColumnElement[str]] = literal_column("(event::jsonb ->> 'kind')", Text())
_NOTHING: Final[dict[str, None]] = dict.fromkeys(SecurityEvent.model_fields)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events a caller asks for; `since` counts, `until` does not."""

    kind: SecurityEventKind | None
    since: datetime | None
    until: datetime | None


class SecurityEventStorage:
    """The trail in the database, within one transaction; `key` seals what is added.

    `grown` is told whose trail has grown once the transaction is committed: before, there is nothing to be signed.
    """

    def __init__(self, db: AsyncSession, key: bytes, grown: set[OrganizationId] | None = None) -> None:
        self._db = db
        self._key = key
        self._grown = grown

    async def add(self, organization_id: OrganizationId, event: str) -> None:
        """Link an event to an organization's trail, whichever organization the transaction sees."""
        seen = await self._db.scalar(_SEEN)
        await set_organization(self._db, organization_id)
        # A session is one transaction, whoever in it tells: the lane is kept with it, and not with this object.
        lanes: dict[OrganizationId, int | None] = self._db.info.setdefault(_LANES, {})
        connection, lane = await driver_connection(self._db), lanes.get(organization_id)
        lanes[organization_id] = await append(connection, self._key, organization_id, [event], lane=lane)
        await set_organization(self._db, OrganizationId(UUID(seen)) if seen else None)
        grown = self._grown
        if grown is not None:
            after_commit(self._db, lambda: grown.add(organization_id))

    async def some(self, organization_id: OrganizationId, wanted: Wanted, page: PageRequest) -> list[SecurityEvent]:
        """Return the events of an organization that a page may show, in the order they happened."""
        await set_organization(self._db, organization_id)
        event_id, kind = _ID, _KIND
        found = select(AUDIT_EVENTS.c.event).where(
            AUDIT_EVENTS.c.organization_id == organization_id, event_id > page.after
        )
        if wanted.kind is not None:
            found = found.where(kind == wanted.kind.value)
        if wanted.since is not None:
            found = found.where(event_id >= first_id(wanted.since))
        if wanted.until is not None:
            found = found.where(event_id < first_id(wanted.until))
        rows = await self._db.scalars(found.order_by(event_id).limit(page.limit))
        return [SecurityEvent.model_validate({**_NOTHING, **orjson.loads(row)}) for row in rows]
