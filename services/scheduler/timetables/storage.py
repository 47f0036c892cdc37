"""Where published timetables are kept."""

from collections.abc import Collection
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ARRAY, Date, Integer, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import OrganizationId, ProposalId, SiteId
from services.contracts.scheduler.timetables import Timetable, TimetableChangeReason, TimetableVersion
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
_CURRENT_DOCUMENTS: Final = Query(
    select(TimetableRow.week, TimetableRow.version, TimetableRow.document)
    .where(
        TimetableRow.site_id == bindparam("site_id", type_=Uuid),
        TimetableRow.week == any_(bindparam("weeks", type_=ARRAY(Date))),
    )
    .ext(distinct_on(TimetableRow.week))
    .order_by(TimetableRow.week, TimetableRow.version.desc())
)
_USUAL: Final = Query(
    select(TimetableRow.document)
    .where(TimetableRow.site_id == bindparam("site_id", type_=Uuid), TimetableRow.week < bindparam("week", type_=Date))
    .order_by(TimetableRow.week.desc(), TimetableRow.version.desc())
    .limit(1)
)

_JSON: Final = ("unmet", "checker")
_VERSION: Final = Query(
    select(*(column for column in TimetableRow.__table__.c if column.name != "organization_id")).where(
        *_OF_WEEK, TimetableRow.version == bindparam("version", type_=Integer)
    )
)
_HISTORY: Final = Query(
    select(*(column for column in TimetableRow.__table__.c if column.name in TimetableVersion.model_fields))
    .where(*_OF_WEEK, TimetableRow.id > bindparam("after", type_=Uuid))
    .order_by(TimetableRow.id)
    .limit(bindparam("limit", type_=Integer))
)
_SINCE: Final = Query(
    select(TimetableRow.version, TimetableRow.reason, TimetableRow.proposal_id, TimetableRow.document)
    .where(
        *_OF_WEEK,
        TimetableRow.version >= bindparam("version", type_=Integer),
        TimetableRow.version <= bindparam("until", type_=Integer),
    )
    # The base first, whatever lies between, and then the newest.
    .order_by((TimetableRow.version == bindparam("version", type_=Integer)).desc(), TimetableRow.version.desc())
    .limit(12)
)


class StoredVersion(NamedTuple):
    """One published version with the solver's document."""

    version: int
    reason: TimetableChangeReason | None
    proposal_id: ProposalId
    document: dict[str, Any]


async def versions_since(read: Read, site_id: SiteId, week: date, version: int, until: int) -> list[StoredVersion]:
    """Fetch a version of a week, if there is one, and the newest eleven from it to another, in their order."""
    rows = await read.all(_SINCE, site_id=site_id, week=week, version=version, until=until)
    return sorted(
        StoredVersion(
            version=row["version"],
            reason=row["reason"] and TimetableChangeReason(row["reason"]),
            proposal_id=ProposalId(row["proposal_id"]),
            document=json_of(row["document"]),
        )
        for row in rows
    )


async def current(read: Read, site_id: SiteId, week: date) -> Timetable | None:
    """Fetch the newest version of a week."""
    row = await read.one_or_none(_CURRENT, site_id=site_id, week=week)
    return None if row is None else Timetable(**decoded(row, *_JSON))


async def find_version(
    read: Read, site_id: SiteId, week: date, version: int
) -> tuple[Timetable, dict[str, Any]] | None:
    """Fetch one version of a week and its document."""
    row = await read.one_or_none(_VERSION, site_id=site_id, week=week, version=version)
    if row is None:
        return None
    values = decoded(row, *_JSON, "document")
    document: dict[str, Any] = values.pop("document")
    return Timetable(**values), document


async def page_of_versions(read: Read, site_id: SiteId, week: date, page: PageRequest) -> list[TimetableVersion]:
    """Fetch a page of a week's versions, and one more where there is one; ids sort as versions do."""
    rows = await read.all(_HISTORY, site_id=site_id, week=week, after=page.after, limit=page.limit)
    return [TimetableVersion(**row) for row in rows]


async def current_document(read: Read, site_id: SiteId, week: date) -> tuple[int, dict[str, Any] | None]:
    """Fetch the newest version's number and document; 0 and None where nothing is published."""
    row = await read.one_or_none(_CURRENT_DOCUMENT, site_id=site_id, week=week)
    return (0, None) if row is None else (row["version"], json_of(row["document"]))


async def current_documents(
    read: Read, site_id: SiteId, weeks: Collection[date]
) -> dict[date, tuple[int, str | dict[str, Any]]]:
    """Fetch the newest version's number and document of each week that is published; the document is still to be read.

    Reading some of them takes time that the caller may spend elsewhere than on the event loop.
    """
    rows = await read.all(_CURRENT_DOCUMENTS, site_id=site_id, weeks=list(weeks))
    return {row["week"]: (row["version"], row["document"]) for row in rows}


async def usual_document(read: Read, site_id: SiteId, week: date) -> dict[str, Any] | None:
    """Fetch the newest document of the newest published week before this one."""
    row = await read.one_or_none(_USUAL, site_id=site_id, week=week)
    return None if row is None else json_of(row["document"])


async def hold_current(db: AsyncSession, site_id: SiteId, week: date) -> None:
    """Let nobody publish the week, or book a placement in it, until the transaction ends."""
    newest = (
        select(TimetableRow.id)
        .where(TimetableRow.site_id == site_id, TimetableRow.week == week)
        .order_by(TimetableRow.version.desc())
        .limit(1)
        .with_for_update()
    )
    await db.execute(newest)


async def insert_version(
    db: AsyncSession, organization_id: OrganizationId, timetable: Timetable, document: dict[str, Any]
) -> bool:
    """Keep a new version; waits for whoever is publishing the same one, and says whether it was still free."""
    values = timetable.model_dump(exclude=set(_JSON))
    values["unmet"] = [requirement.model_dump(mode="json") for requirement in timetable.unmet]
    values["checker"] = timetable.checker.model_dump(mode="json")
    statement = insert(TimetableRow).values(organization_id=organization_id, document=document, **values)
    inserted = await db.scalar(
        statement.on_conflict_do_nothing(constraint="timetables_version_key").returning(TimetableRow.id)
    )
    return inserted is not None
