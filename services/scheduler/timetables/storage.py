"""Where published timetables are kept."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Date, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId
from services.contracts.scheduler.timetables import Timetable
from services.scheduler.storing import decoded, json_of
from services.scheduler.timetables.tables import TimetableRow

_OF_WEEK: Final = (
    TimetableRow.site_id == bindparam("site_id", type_=Uuid),
    TimetableRow.week == bindparam("week", type_=Date),
)
_CURRENT: Final = Query(
    select(*(column for column in TimetableRow.__table__.c if column.name not in {"organization_id", "document"}))
    .where(*_OF_WEEK)
    .order_by(TimetableRow.version.desc())
    .limit(1)
)
_CURRENT_DOCUMENT: Final = Query(
    select(TimetableRow.version, TimetableRow.document).where(*_OF_WEEK).order_by(TimetableRow.version.desc()).limit(1)
)


async def current(read: Read, site_id: SiteId, week: date) -> Timetable | None:
    """Fetch the newest version of a week."""
    row = await read.one_or_none(_CURRENT, site_id=site_id, week=week)
    return None if row is None else Timetable(**decoded(row, "unmet", "checker"))


async def current_document(read: Read, site_id: SiteId, week: date) -> tuple[int, dict[str, Any] | None]:
    """Fetch the newest version's number and document; 0 and None where nothing is published."""
    row = await read.one_or_none(_CURRENT_DOCUMENT, site_id=site_id, week=week)
    return (0, None) if row is None else (row["version"], json_of(row["document"]))


async def insert_version(
    db: AsyncSession, organization_id: OrganizationId, timetable: Timetable, document: dict[str, Any]
) -> bool:
    """Keep a new version; waits for whoever is publishing the same one, and says whether it was still free."""
    values = timetable.model_dump(exclude={"unmet", "checker"})
    values["unmet"] = [requirement.model_dump(mode="json") for requirement in timetable.unmet]
    values["checker"] = timetable.checker.model_dump(mode="json")
    statement = insert(TimetableRow).values(organization_id=organization_id, document=document, **values)
    inserted = await db.scalar(
        statement.on_conflict_do_nothing(constraint="timetables_version_key").returning(TimetableRow.id)
    )
    return inserted is not None
