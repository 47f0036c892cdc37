"""Where rule settings are kept."""

from typing import Final

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.rule_packs import RuleSettings, RuleSettingsRequest
from services.scheduler.rule_packs.tables import RuleSettingsRow
from services.scheduler.storing import json_of

_NEWEST: Final = Query(
    select(
        RuleSettingsRow.site_id,
        RuleSettingsRow.version,
        RuleSettingsRow.settings,
        RuleSettingsRow.changed_by,
        RuleSettingsRow.changed_at,
    )
    .where(RuleSettingsRow.site_id == bindparam("site_id", type_=Uuid))
    .order_by(RuleSettingsRow.version.desc())
    .limit(1)
)


async def newest(read: Read, site_id: SiteId) -> RuleSettings | None:
    """Fetch the version of a site's settings that holds now."""
    row = await read.one_or_none(_NEWEST, site_id=site_id)
    if row is None:
        return None
    return RuleSettings(**{**row, **json_of(row["settings"])})


async def insert_version(db: AsyncSession, organization_id: OrganizationId, settings: RuleSettings) -> bool:
    """Keep a version; says no where there is one of its number."""
    statement = insert(RuleSettingsRow).values(
        organization_id=organization_id,
        site_id=settings.site_id,
        version=settings.version,
        settings=settings.model_dump(mode="json", include=set(RuleSettingsRequest.model_fields)),
        changed_by=settings.changed_by,
        changed_at=settings.changed_at,
    )
    return await db.scalar(statement.on_conflict_do_nothing().returning(RuleSettingsRow.version)) is not None
