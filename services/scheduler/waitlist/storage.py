"""Where the waitlist is kept."""

from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy import Integer, Text, Uuid, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, SiteId, WaitlistEntryId
from services.contracts.scheduler.waitlist import RemovalReason, WaitlistEntry, WaitlistEntryChange, WaitlistStatus
from services.scheduler.storing import decoded
from services.scheduler.waitlist.tables import WaitlistEntryRow

_ENTRY: Final = select(
    *(column for column in WaitlistEntryRow.__table__.c if column.name in WaitlistEntry.model_fields)
)
_ONE: Final = Query(_ENTRY.where(WaitlistEntryRow.id == bindparam("entry_id", type_=Uuid)))
_AT_SITE: Final = _ENTRY.where(
    WaitlistEntryRow.site_id == bindparam("site_id", type_=Uuid),
    WaitlistEntryRow.status == bindparam("status", type_=Text),
).order_by(WaitlistEntryRow.id)
_PAGE: Final = Query(
    _AT_SITE.where(WaitlistEntryRow.id > bindparam("after", type_=Uuid)).limit(bindparam("limit", type_=Integer))
)
_ALL_AT_SITE: Final = Query(_AT_SITE)


def _entry(row: asyncpg.Record) -> WaitlistEntry:
    return WaitlistEntry(**decoded(row, "windows"))


async def add(db: AsyncSession, organization_id: OrganizationId, entry: WaitlistEntry) -> bool:
    """Keep a new entry; says whether the patient did not wait for the same already."""
    kept = await db.execute(
        insert(WaitlistEntryRow)
        .values(organization_id=organization_id, **_values(entry))
        .on_conflict_do_nothing()
        .returning(WaitlistEntryRow.id)
    )
    return kept.scalar() is not None


def _values(entry: WaitlistEntry) -> dict[str, object]:
    written = entry.model_dump(mode="json")
    return {
        **entry.model_dump(),
        **{name: written[name] for name in ("windows", "priority_facts", "service", "status")},
    }


async def find(read: Read, entry_id: WaitlistEntryId) -> WaitlistEntry | None:
    """Fetch one entry."""
    row = await read.one_or_none(_ONE, entry_id=entry_id)
    return None if row is None else _entry(row)


async def page(read: Read, site_id: SiteId, status: WaitlistStatus, page: PageRequest) -> list[WaitlistEntry]:
    """Fetch a page of a site's entries, and one more where there is one."""
    rows = await read.all(_PAGE, site_id=site_id, status=status.value, after=page.after, limit=page.limit)
    return [_entry(row) for row in rows]


async def waiting(read: Read, site_id: SiteId) -> list[WaitlistEntry]:
    """Fetch everybody who waits at a site."""
    rows = await read.all(_ALL_AT_SITE, site_id=site_id, status=WaitlistStatus.WAITING.value)
    return [_entry(row) for row in rows]


async def replace(db: AsyncSession, entry_id: WaitlistEntryId, version: int, change: WaitlistEntryChange) -> bool:
    """Write down what is known now, if the entry is waiting and at that version; says whether it was."""
    written = change.model_dump(mode="json")
    changed = await db.execute(
        update(WaitlistEntryRow)
        .where(
            WaitlistEntryRow.id == entry_id,
            WaitlistEntryRow.version == version,
            WaitlistEntryRow.status == WaitlistStatus.WAITING.value,
        )
        .values(
            windows=written["windows"],
            priority_facts=sorted(written["priority_facts"]),
            version=WaitlistEntryRow.version + 1,
        )
        .returning(WaitlistEntryRow.id)
    )
    return changed.scalar() is not None


async def close(
    db: AsyncSession,
    entry_id: WaitlistEntryId,
    status: WaitlistStatus,
    reason: RemovalReason | None,
    now: datetime,
) -> bool:
    """End the waiting, if it has not ended; says whether it had not."""
    closed = await db.execute(
        update(WaitlistEntryRow)
        .where(WaitlistEntryRow.id == entry_id, WaitlistEntryRow.status == WaitlistStatus.WAITING.value)
        .values(
            status=status.value,
            reason=None if reason is None else reason.value,
            closed_at=now,
            version=WaitlistEntryRow.version + 1,
        )
        .returning(WaitlistEntryRow.id)
    )
    return closed.scalar() is not None
