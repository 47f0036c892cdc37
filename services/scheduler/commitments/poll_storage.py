"""Where it is kept how a source is read again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.identifiers import CommitmentSourceId, OrganizationId, PatientId, SiteId
from services.contracts.scheduler.commitments import CommitmentEntry, PollOutcome, SourceKind, SourceStatus
from services.scheduler.commitments.tables import CommitmentPollRow, CommitmentSourceRow
from services.scheduler.sites.tables import SiteRow


@dataclass(frozen=True, slots=True)
class PollTask:
    """A source that is to be read, with everything that it takes; `turn` is the fencing token."""

    patient_id: PatientId
    source_id: CommitmentSourceId
    kind: SourceKind
    zone: str
    turn: int
    failures: int
    version: str | None
    entry: CommitmentEntry | None
    sealed_access: bytes | None
    sealed_validators: bytes | None


async def insert_poll(
    db: AsyncSession,
    organization_id: OrganizationId,
    source_id: CommitmentSourceId,
    site_id: SiteId,
    *,
    sealed_access: bytes | None,
    next_attempt_at: datetime,
) -> None:
    """Let a source be read again, first at an instant; its turn is 1."""
    await db.execute(
        insert(CommitmentPollRow).values(
            organization_id=organization_id,
            source_id=source_id,
            site_id=site_id,
            turn=1,
            failures=0,
            next_attempt_at=next_attempt_at,
            access=sealed_access,
        )
    )


async def next_turn(
    db: AsyncSession, source_id: CommitmentSourceId, next_attempt_at: datetime | None, *, turn: int | None = None
) -> int | None:
    """Begin the next turn of a source and return it; None where it has none, or is not at the turn that is named."""
    statement = update(CommitmentPollRow).where(CommitmentPollRow.source_id == source_id)
    if turn is not None:
        statement = statement.where(CommitmentPollRow.turn == turn)
    values = {"turn": CommitmentPollRow.turn + 1, "next_attempt_at": next_attempt_at}
    begun: int | None = await db.scalar(statement.values(**values).returning(CommitmentPollRow.turn))
    return begun


async def set_site(db: AsyncSession, source_id: CommitmentSourceId, site_id: SiteId) -> None:
    """Let a source be read on the wall clock of a site."""
    await db.execute(update(CommitmentPollRow).where(CommitmentPollRow.source_id == source_id).values(site_id=site_id))


async def task(db: AsyncSession, source_id: CommitmentSourceId) -> PollTask | None:
    """Fetch what it takes to read a source that is active."""
    statement = (
        select(
            CommitmentSourceRow.patient_id,
            CommitmentSourceRow.kind,
            CommitmentSourceRow.version,
            CommitmentSourceRow.entry,
            SiteRow.zone,
            CommitmentPollRow.turn,
            CommitmentPollRow.failures,
            CommitmentPollRow.access,
            CommitmentPollRow.validators,
        )
        .join(
            CommitmentPollRow,
            (CommitmentPollRow.organization_id == CommitmentSourceRow.organization_id)
            & (CommitmentPollRow.source_id == CommitmentSourceRow.id),
        )
        .join(
            SiteRow,
            (SiteRow.organization_id == CommitmentPollRow.organization_id) & (SiteRow.id == CommitmentPollRow.site_id),
        )
        .where(CommitmentSourceRow.id == source_id, CommitmentSourceRow.status == SourceStatus.ACTIVE.value)
    )
    row = (await db.execute(statement)).mappings().one_or_none()
    return None if row is None else _to_task(source_id, row)


async def keep_attempt(
    db: AsyncSession,
    source_id: CommitmentSourceId,
    *,
    at: datetime,
    outcome: PollOutcome,
    failures: int,
    validators: bytes | None,
) -> None:
    """Write down what came of an attempt."""
    values = {"attempted_at": at, "outcome": outcome.value, "failures": failures, "validators": validators}
    await db.execute(update(CommitmentPollRow).where(CommitmentPollRow.source_id == source_id).values(**values))


def _to_task(source_id: CommitmentSourceId, row: Any) -> PollTask:
    return PollTask(
        patient_id=PatientId(row["patient_id"]),
        source_id=source_id,
        kind=SourceKind(row["kind"]),
        zone=row["zone"],
        turn=row["turn"],
        failures=row["failures"],
        version=row["version"],
        entry=None if row["entry"] is None else CommitmentEntry.model_validate(row["entry"]),
        sealed_access=row["access"],
        sealed_validators=row["validators"],
    )
