"""Where commitments are kept."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    ColumnElement,
    Integer,
    Uuid,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.chassis.paging import PageRequest
from services.contracts.identifiers import CommitmentId, CommitmentSourceId, OrganizationId, PatientId
from services.contracts.scheduler.commitments import (
    Commitment,
    CommitmentEntry,
    CommitmentSource,
    Polling,
    PollOutcome,
    SourceKind,
    SourceStatus,
)
from services.scheduler.commitments.poll_rules import SENTENCES
from services.scheduler.commitments.tables import CommitmentPollRow, CommitmentRow, CommitmentSourceRow
from services.scheduler.storing import decoded, fresh_id, json_of

Interval = tuple[datetime, datetime]

_INSTANT: Final = TIMESTAMP(timezone=True)
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_AFTER: Final = bindparam("after", type_=Uuid)
_LIMIT: Final = bindparam("limit", type_=Integer)
_WITHIN: Final = and_(
    CommitmentRow.starts_at < bindparam("end", type_=_INSTANT),
    CommitmentRow.ends_at > bindparam("start", type_=_INSTANT),
)
_BOUNDS: Final = (CommitmentRow.starts_at.label("start"), CommitmentRow.ends_at.label("end"))
OF_AN_ACTIVE_SOURCE: Final = and_(
    CommitmentSourceRow.organization_id == CommitmentRow.organization_id,
    CommitmentSourceRow.id == CommitmentRow.source_id,
    CommitmentSourceRow.status == SourceStatus.ACTIVE.value,
)
"""What a commitment is joined to its source by; those of a disabled source do not count."""

_SOURCES: Final = select(
    *(CommitmentSourceRow.__table__.c[name] for name in CommitmentSource.model_fields if name != "polling"),
    CommitmentPollRow.turn,
    *(CommitmentPollRow.__table__.c[name] for name in Polling.model_fields if name != "detail"),
).outerjoin(
    CommitmentPollRow,
    and_(
        CommitmentPollRow.organization_id == CommitmentSourceRow.organization_id,
        CommitmentPollRow.source_id == CommitmentSourceRow.id,
    ),
)
_SOURCE: Final = Query(
    _SOURCES.where(
        CommitmentSourceRow.patient_id == _PATIENT_ID, CommitmentSourceRow.id == bindparam("source_id", type_=Uuid)
    )
)
_PAGE_OF_SOURCES: Final = Query(
    _SOURCES.where(CommitmentSourceRow.patient_id == _PATIENT_ID, CommitmentSourceRow.id > _AFTER)
    .order_by(CommitmentSourceRow.id)
    .limit(_LIMIT)
)
_ENTRY: Final = Query(
    select(CommitmentSourceRow.revision, CommitmentSourceRow.entry).where(
        CommitmentSourceRow.patient_id == _PATIENT_ID,
        CommitmentSourceRow.id == bindparam("source_id", type_=Uuid),
        CommitmentSourceRow.entry.is_not(None),
    )
)
_PAGE_OF_COMMITMENTS: Final = Query(
    select(
        CommitmentRow.id,
        CommitmentRow.patient_id,
        CommitmentRow.source_id,
        CommitmentSourceRow.version.label("source_version"),
        *_BOUNDS,
    )
    .join(CommitmentSourceRow, OF_AN_ACTIVE_SOURCE)
    .where(CommitmentRow.patient_id == _PATIENT_ID, CommitmentRow.id > _AFTER, _WITHIN)
    .order_by(CommitmentRow.id)
    .limit(_LIMIT)
)
OF_PATIENTS: Final = Query(
    select(CommitmentRow.patient_id, *_BOUNDS)
    .join(CommitmentSourceRow, OF_AN_ACTIVE_SOURCE)
    .where(CommitmentRow.patient_id == func.any(bindparam("patients", type_=ARRAY(Uuid))), _WITHIN)
    .order_by(CommitmentRow.patient_id, CommitmentRow.starts_at)
)
"""What is asked of everybody whenever a week is planned: by an index, row-level security or not."""


async def insert_source(
    db: AsyncSession, organization_id: OrganizationId, source: CommitmentSource, entry: CommitmentEntry | None = None
) -> None:
    """Keep a new source."""
    await db.execute(insert(CommitmentSourceRow).values(**_values(organization_id, source), entry=_dumped(entry)))


async def keep_file(
    db: AsyncSession, organization_id: OrganizationId, source: CommitmentSource
) -> tuple[CommitmentSource, bool]:
    """Keep a file, or bring the source of the same patient and document up to date; says whether it is new."""
    statement = upsert(CommitmentSourceRow).values(**_values(organization_id, source))
    renewed = ("status", "events_read", "busy_intervals", "warnings", "imported_at")
    kept = await db.execute(
        statement.on_conflict_do_update(
            index_elements=("organization_id", "patient_id", "version"),
            # A literal: with a parameter the plan that PostgreSQL keeps after five calls matches no index.
            index_where=CommitmentSourceRow.kind == literal(SourceKind.FILE.value, literal_execute=True),
            set_={name: statement.excluded[name] for name in renewed},
        ).returning(CommitmentSourceRow.id, CommitmentSourceRow.revision)
    )
    row = kept.one()
    return source.model_copy(update={"id": CommitmentSourceId(row.id), "revision": row.revision}), row.id == source.id


async def keep_reading(db: AsyncSession, source: CommitmentSource) -> None:
    """Write down what was read from a source that is kept already."""
    read = source.model_dump(include={"version", "events_read", "busy_intervals", "warnings", "imported_at"})
    await db.execute(update(CommitmentSourceRow).where(CommitmentSourceRow.id == source.id).values(**read))


async def replace_entry(
    db: AsyncSession,
    patient_id: PatientId,
    source_id: CommitmentSourceId,
    entry: CommitmentEntry,
    *,
    expected_revision: int,
) -> bool:
    """Replace what was entered by hand, where nobody else has meanwhile; says whether it was so."""
    statement = (
        update(CommitmentSourceRow)
        .where(*_this(patient_id, source_id), CommitmentSourceRow.entry.is_not(None))
        .where(CommitmentSourceRow.revision == expected_revision)
        .values(entry=_dumped(entry), revision=CommitmentSourceRow.revision + 1)
    )
    return (await db.scalar(statement.returning(CommitmentSourceRow.id))) is not None


async def set_status(
    db: AsyncSession, patient_id: PatientId, source_id: CommitmentSourceId, status: SourceStatus
) -> None:
    """Let a source count, or not."""
    await db.execute(
        update(CommitmentSourceRow)
        .where(*_this(patient_id, source_id), CommitmentSourceRow.status != status.value)
        .values(status=status.value, revision=CommitmentSourceRow.revision + 1)
    )


async def replace_commitments(
    db: AsyncSession,
    organization_id: OrganizationId,
    *,
    patient_id: PatientId,
    source_id: CommitmentSourceId,
    busy: Sequence[Interval],
    now: datetime,
) -> None:
    """Let the source have these intervals, which are in order, and no others; where it has them, nothing is written."""
    held = select(CommitmentRow.during).where(CommitmentRow.source_id == source_id).order_by(CommitmentRow.during)
    if [(during.lower, during.upper) for during in await db.scalars(held)] == list(busy):
        return
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
    statement = delete(CommitmentSourceRow).where(*_this(patient_id, source_id))
    deleted = await db.execute(statement.returning(CommitmentSourceRow.id))
    return deleted.scalar() is not None


async def find_source(read: Read, patient_id: PatientId, source_id: CommitmentSourceId) -> CommitmentSource | None:
    """Fetch a source."""
    row = await read.one_or_none(_SOURCE, patient_id=patient_id, source_id=source_id)
    return None if row is None else _to_source(row)


async def find_entry(
    read: Read, patient_id: PatientId, source_id: CommitmentSourceId
) -> tuple[int, CommitmentEntry] | None:
    """Fetch the revision of a source and what was entered; None where nothing was entered by hand."""
    row = await read.one_or_none(_ENTRY, patient_id=patient_id, source_id=source_id)
    return None if row is None else (row["revision"], CommitmentEntry.model_validate(json_of(row["entry"])))


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
            source_version=row["source_version"],
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
    for row in await read.all(OF_PATIENTS, patients=list(patients), start=start, end=end):
        found.setdefault(PatientId(row["patient_id"]), []).append((row["start"], row["end"]))
    return found


def _this(patient_id: PatientId, source_id: CommitmentSourceId) -> tuple[ColumnElement[bool], ...]:
    return CommitmentSourceRow.patient_id == patient_id, CommitmentSourceRow.id == source_id


def _values(organization_id: OrganizationId, source: CommitmentSource) -> dict[str, Any]:
    return {"organization_id": organization_id, **source.model_dump(exclude={"polling"})}


def _dumped(entry: CommitmentEntry | None) -> dict[str, Any] | None:
    return None if entry is None else entry.model_dump(mode="json")


def _to_source(row: asyncpg.Record) -> CommitmentSource:
    values = decoded(row, "warnings")
    return CommitmentSource(**values, polling=None if row["turn"] is None else _to_polling(values))


def _to_polling(values: dict[str, Any]) -> Polling:
    outcome = None if values["outcome"] is None else PollOutcome(values["outcome"])
    return Polling(**values, detail=None if outcome is None else SENTENCES[outcome])
