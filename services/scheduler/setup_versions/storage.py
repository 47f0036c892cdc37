"""Where versions of the setup are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import asyncpg
from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.remembered import RememberedParts
from services.contracts.identifiers import OrganizationId, SiteId
from services.scheduler.setup_versions.facts import SetupVersion
from services.scheduler.setup_versions.tables import SetupVersionRow
from services.scheduler.storing import json_of

_OF_SITE: Final = Query(
    select(
        SetupVersionRow.subject_id, SetupVersionRow.version, SetupVersionRow.effective_on, SetupVersionRow.document
    ).where(SetupVersionRow.site_id == bindparam("site_id", type_=Uuid))
)
_READ: Final = RememberedParts[asyncpg.Record, SetupVersion]()


async def of_site(read: Read, site_id: SiteId) -> list[SetupVersion]:
    """Fetch every version of what was ever changed of a site's setup."""
    rows = await read.all(_OF_SITE, site_id=site_id)
    return _READ.all(str(site_id), {(row["subject_id"], row["version"]): row for row in rows}, _to_version)


def _to_version(row: asyncpg.Record) -> SetupVersion:
    return SetupVersion(row["subject_id"], row["version"], row["effective_on"], json_of(row["document"]))


async def insert_versions(
    db: AsyncSession,
    organization_id: OrganizationId,
    site_id: SiteId,
    versions: Sequence[SetupVersion],
    now: datetime,
) -> None:
    """Keep versions; one that is kept already stays as it is."""
    values = [
        {
            "organization_id": organization_id,
            "subject_id": one.subject_id,
            "version": one.version,
            "site_id": site_id,
            "effective_on": one.effective_on,
            "document": dict(one.document),
            "created_at": now,
        }
        for one in versions
    ]
    await db.execute(insert(SetupVersionRow).values(values).on_conflict_do_nothing())
