"""Where commitments are kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import ARRAY, TIMESTAMP, Integer, Uuid, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import CommitmentId, CommitmentSourceId, OrganizationId, PatientId
from services.contracts.scheduler.commitments import CalendarWarning, Commitment, CommitmentSource
from services.scheduler.commitments.tables import CommitmentRow, CommitmentSourceRow
from services.scheduler.storing import decoded, fresh_id

Interval = tuple[datetime, datetime]

_INSTANT: Final = TIMESTAMP(timezone=True)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_AFTER: Final = bindparam("after", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_WITHIN: Final = CommitmentRow.during.op("&&")(
    func.tstzrange(bindparam("start", type_=_INSTANT), bindparam("end", type_=_INSTANT))
)
_BOUNDS: Final = (func.lower(CommitmentRow.during).label("start"), func.upper(CommitmentRow.during).label("end"))

_PAGE_OF_SOURCES: Final = Query(
    select(*(column for column in CommitmentSourceRow.__table__.c if column.name != "organization_id"))
    .where(CommitmentSourceRow.patient_id == _PATIENT_ID, CommitmentSourceRow.id > _AFTER)
    .order_by(CommitmentSourceRow.id)
    .limit(_LIMIT)
)
_PAGE_OF_COMMITMENTS: Final = Query(
    select(CommitmentRow.id, CommitmentRow.patient_id, CommitmentRow.source_id, *_BOUNDS)
    .where(CommitmentRow.patient_id == _PATIENT_ID, CommitmentRow.id > _AFTER, _WITHIN)
    .order_by(CommitmentRow.id)
    .limit(_LIMIT)
)
_OF_PATIENTS: Final = Query(
    select(CommitmentRow.patient_id, *_BOUNDS)
    .where(CommitmentRow.patient_id == func.any(bindparam("patients", type_=ARRAY(Uuid))), _WITHIN)
    .order_by(CommitmentRow.patient_id, func.lower(CommitmentRow.during))
)


async def keep_source(
    db: AsyncSession, organization_id: OrganizationId, source: CommitmentSource
) -> tuple[CommitmentSourceId, bool]:
    """Keep a source, or bring the one of the same patient and document up to date; says whether it is new."""
    values = source.model_dump(exclude={"warnings"})
    values["warnings"] = [warning.model_dump() for warning in source.warnings]
    statement = upsert(CommitmentSourceRow).values(organization_id=organization_id, **values)
    renewed = {name: statement.excluded[name] for name in ("events_read", "busy_intervals", "warnings", "imported_at")}
    kept: Any = await db.scalar(
        statement.on_conflict_do_update(constraint="commitment_sources_version_key", set_=renewed).returning(
            CommitmentSourceRow.id
        )
    )
    return CommitmentSourceId(kept), kept == source.id


async def replace_commitments(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    patient_id: PatientId,
    source_id: CommitmentSourceId,
    busy: Sequence[Interval],
    now: datetime,
) -> None:
    """Let the source have these intervals, which are in order, and no others."""
    await db.execute(delete(CommitmentRow).where(CommitmentRow.source_id == source_id))
    if not busy:
        return
    identifiers = sorted(fresh_id(now) for _ in busy)
    await db.execute(
        insert(CommitmentRow),
        [
            {
                "organization_id": organization_id,
                "id": identifier,
                "source_id": source_id,
                "patient_id": patient_id,
                "during": Range(start, end),
            }
            for identifier, (start, end) in zip(identifiers, busy, strict=True)
        ],
    )


async def delete_source(db: AsyncSession, patient_id: PatientId, source_id: CommitmentSourceId) -> bool:
    """Delete a source and its intervals; says whether there was one."""
    statement = delete(CommitmentSourceRow).where(
        CommitmentSourceRow.patient_id == patient_id, CommitmentSourceRow.id == source_id
    )
    deleted = await db.execute(statement.returning(CommitmentSourceRow.id))
    return deleted.scalar() is not None


async def page_of_sources(read: Read, patient_id: PatientId, page: PageRequest) -> list[CommitmentSource]:
    """Fetch a page of a patient's sources, and one more where there is one."""
    rows = await read.all(_PAGE_OF_SOURCES, patient_id=patient_id, after=page.after, limit=page.limit)
    return [_to_source(row) for row in rows]


async def page_of_commitments(
    read: Read, patient_id: PatientId, start: datetime, end: datetime, page: PageRequest
) -> list[Commitment]:
    """Fetch a page of the intervals that meet a time, and one more where there is one."""
    rows = await read.all(
        _PAGE_OF_COMMITMENTS, patient_id=patient_id, start=start, end=end, after=page.after, limit=page.limit
    )
    return [
        Commitment(
            id=CommitmentId(row["id"]),
            patient_id=patient_id,
            source_id=CommitmentSourceId(row["source_id"]),
            start=row["start"],
            end=row["end"],
        )
        for row in rows
    ]


async def of_patients(
    read: Read, patients: Iterable[PatientId], start: datetime, end: datetime
) -> dict[PatientId, list[Interval]]:
    """Fetch the intervals of several patients that meet a time."""
    found: dict[PatientId, list[Interval]] = {}
    for row in await read.all(_OF_PATIENTS, patients=list(patients), start=start, end=end):
        found.setdefault(PatientId(row["patient_id"]), []).append((row["start"], row["end"]))
    return found


def _to_source(row: asyncpg.Record) -> CommitmentSource:
    values = decoded(row, "warnings")
    return CommitmentSource(**{**values, "warnings": [CalendarWarning(**warning) for warning in values["warnings"]]})
