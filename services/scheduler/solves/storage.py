"""Where solves are kept: what people ask of them, and what workers write."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Text, Uuid, and_, bindparam, case, cast, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, SiteId, SolveBatchId, SolveId
from services.contracts.scheduler.solves import Solve, SolveProgress, SolveStatus
from services.scheduler.solves.attempts import Attempt, BatchPlace, Ending, Task
from services.scheduler.solves.tables import SolveRow
from services.scheduler.storing import decoded, json_of

_ACTIVE: Final = (SolveStatus.QUEUED.value, SolveStatus.RUNNING.value)
_IS_ACTIVE: Final = SolveRow.status.in_(_ACTIVE)
# Literal: with parameters the index is found only until a connection has a generic plan, at the sixth insertion.
_ONE_AT_A_TIME: Final = text("status in ('queued', 'running')")
_SOLVE_ID: Final = bindparam("solve_id", type_=Uuid)

_SOLVE: Final = (
    SolveRow.id,
    SolveRow.site_id,
    SolveRow.week,
    SolveRow.status,
    SolveRow.outcome,
    SolveRow.progress,
    SolveRow.attempt,
    SolveRow.base_version,
    SolveRow.proposal_id,
    SolveRow.warnings,
    SolveRow.problem,
    SolveRow.created_at,
    SolveRow.finished_at,
)
_ONE: Final = Query(select(*_SOLVE).where(SolveRow.id == _SOLVE_ID))
_OF_BATCH: Final = Query(
    select(*_SOLVE).where(SolveRow.batch_id == bindparam("batch_id", type_=Uuid)).order_by(SolveRow.batch_number)
)
_INSTANCE: Final = Query(select(SolveRow.instance).where(SolveRow.id == _SOLVE_ID))
_UNFINISHED: Final = Query(
    select(SolveRow.id).where(
        SolveRow.site_id == bindparam("site_id", type_=Uuid),
        SolveRow.week == bindparam("week", type_=Date),
        SolveRow.finished_at.is_(None),
    )
)


async def insert_solve(
    db: AsyncSession,
    organization_id: OrganizationId,
    solve: Solve,
    *,
    time_limit: float,
    seed: int,
    instance: Any,
    place: BatchPlace | None = None,
) -> bool:
    """Keep a new solve; says False where one of the same week is not over yet."""
    values = solve.model_dump(include={"id", "site_id", "week", "status", "attempt", "base_version", "created_at"})
    statement = insert(SolveRow).values(
        **values,
        organization_id=organization_id,
        warnings=solve.warnings,
        time_limit_seconds=time_limit,
        seed=seed,
        instance=instance,
        cancel_requested=False,
        batch_id=None if place is None else place.batch_id,
        batch_number=None if place is None else place.number,
    )
    week = [SolveRow.organization_id, SolveRow.site_id, SolveRow.week]
    inserted = await db.scalar(
        statement.on_conflict_do_nothing(index_elements=week, index_where=_ONE_AT_A_TIME).returning(SolveRow.id)
    )
    return inserted is not None


async def find(read: Read, solve_id: SolveId) -> Solve | None:
    """Fetch one solve."""
    row = await read.one_or_none(_ONE, solve_id=solve_id)
    return None if row is None else Solve(**decoded(row, "progress", "warnings", "problem"))


async def of_batch(read: Read, batch_id: SolveBatchId) -> list[Solve]:
    """Fetch the solves of a batch in the order of their weeks."""
    rows = await read.all(_OF_BATCH, batch_id=batch_id)
    return [Solve(**decoded(row, "progress", "warnings", "problem")) for row in rows]


async def lock_batch(db: AsyncSession, solve_id: SolveId) -> None:
    """Let nobody else end, cancel or begin solves of the same batch until the transaction ends.

    Whoever takes this lock takes it before any row, so that two cannot wait for each other.
    """
    name = func.hashtextextended(cast(SolveRow.batch_id, Text), 1)
    await db.execute(
        select(func.pg_advisory_xact_lock(name)).where(SolveRow.id == solve_id, SolveRow.batch_id.is_not(None))
    )


async def waiting_after(db: AsyncSession, solve_id: SolveId) -> list[tuple[SolveId, dict[str, Any]]]:
    """Fetch the queued solves of the batch of a solve with their instances, in order; none while one of it runs."""
    own = select(SolveRow.batch_id).where(SolveRow.id == solve_id).scalar_subquery()
    found = await db.execute(
        select(SolveRow.id, SolveRow.status, SolveRow.instance)
        .where(SolveRow.batch_id == own, _IS_ACTIVE)
        .order_by(SolveRow.batch_number)
    )
    rows = found.all()
    if any(row.status == SolveStatus.RUNNING.value for row in rows):
        return []
    return [(SolveId(row.id), row.instance) for row in rows]


async def put_usual(db: AsyncSession, solve_id: SolveId, instance: dict[str, Any]) -> None:
    """Keep the instance of a queued solve with another usual week."""
    await db.execute(
        update(SolveRow)
        .where(SolveRow.id == solve_id, SolveRow.status == SolveStatus.QUEUED.value)
        .values(instance=instance)
        .execution_options(synchronize_session=False)
    )


async def find_unfinished(read: Read, site_id: SiteId, week: date) -> SolveId | None:
    """Fetch the solve of a week that is not over."""
    row = await read.one_or_none(_UNFINISHED, site_id=site_id, week=week)
    return None if row is None else SolveId(row["id"])


async def instance_of(read: Read, solve_id: SolveId) -> dict[str, Any]:
    """Fetch the instance that a solve was given."""
    row = await read.one_or_none(_INSTANCE, solve_id=solve_id)
    if row is None:
        raise LookupError("a proposal names a solve that does not exist")
    instance: dict[str, Any] = json_of(row["instance"])
    return instance


async def request_cancel(db: AsyncSession, solve_id: SolveId, now: datetime) -> bool:
    """Cancel a queued solve, or ask the worker of a running one to; says False where it is over."""
    is_queued = SolveRow.status == SolveStatus.QUEUED.value
    asked = await db.scalar(
        update(SolveRow)
        .where(SolveRow.id == solve_id, _IS_ACTIVE)
        .values(
            cancel_requested=True,
            status=case((is_queued, SolveStatus.CANCELLED.value), else_=SolveRow.status),
            finished_at=case((is_queued, now), else_=None),
        )
        .returning(SolveRow.id)
    )
    return asked is not None


async def claim(
    db: AsyncSession,
    organization_id: OrganizationId,
    solve_id: SolveId,
    *,
    worker_id: UUID,
    now: datetime,
    stale: datetime,
) -> Task | None:
    """Begin the next attempt of a solve that is queued, or whose worker has not been heard of since `stale`."""
    is_free = or_(
        SolveRow.status == SolveStatus.QUEUED.value,
        and_(SolveRow.status == SolveStatus.RUNNING.value, SolveRow.heartbeat_at < stale),
    )
    claimed = await db.execute(
        update(SolveRow)
        .where(SolveRow.id == solve_id, is_free)
        .values(
            status=SolveStatus.RUNNING.value,
            attempt=SolveRow.attempt + 1,
            worker_id=worker_id,
            heartbeat_at=now,
            # What an attempt before had reached is lost with it.
            progress=None,
        )
        .returning(
            SolveRow.attempt,
            SolveRow.site_id,
            SolveRow.week,
            SolveRow.base_version,
            SolveRow.time_limit_seconds,
            SolveRow.seed,
            SolveRow.instance,
        )
    )
    row = claimed.one_or_none()
    if row is None:
        return None
    return Task(
        attempt=Attempt(organization_id, solve_id, row.attempt),
        site_id=SiteId(row.site_id),
        week=row.week,
        base_version=row.base_version,
        time_limit_seconds=row.time_limit_seconds,
        seed=row.seed,
        instance=row.instance,
    )


def _is_own(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    return (
        SolveRow.id == attempt.solve_id,
        SolveRow.attempt == attempt.number,
        SolveRow.status == SolveStatus.RUNNING.value,
    )


async def keep_progress(
    db: AsyncSession, attempt: Attempt, progress: SolveProgress | None, now: datetime
) -> bool | None:
    """Keep a sign of life; says whether a cancel was asked for, or None where the attempt is no longer current."""
    values: dict[str, Any] = {"heartbeat_at": now}
    if progress is not None:
        values["progress"] = progress.model_dump(mode="json")
    statement = update(SolveRow).where(*_is_own(attempt)).values(**values).returning(SolveRow.cancel_requested)
    asked: bool | None = await db.scalar(statement)
    return asked


async def hold(db: AsyncSession, attempt: Attempt) -> bool:
    """Lock the solve until the transaction ends; says False where the attempt is no longer current."""
    return await db.scalar(select(SolveRow.id).where(*_is_own(attempt)).with_for_update()) is not None


async def finish(db: AsyncSession, attempt: Attempt, ending: Ending, now: datetime) -> bool:
    """End a solve; says False where the attempt is no longer current, and then writes nothing."""
    finished = await db.scalar(
        update(SolveRow)
        .where(*_is_own(attempt))
        .values(
            status=ending.status.value,
            outcome=None if ending.outcome is None else ending.outcome.value,
            proposal_id=ending.proposal_id,
            problem=None if ending.problem is None else ending.problem.model_dump(mode="json"),
            finished_at=now,
        )
        .returning(SolveRow.id)
    )
    return finished is not None


async def give_back(db: AsyncSession, attempt: Attempt) -> bool:
    """Queue a running solve again; says False where the attempt is no longer current."""
    statement = update(SolveRow).where(*_is_own(attempt)).values(status=SolveStatus.QUEUED.value, worker_id=None)
    return await db.scalar(statement.returning(SolveRow.id)) is not None


async def attempt_of_worker(
    db: AsyncSession, organization_id: OrganizationId, solve_id: SolveId, worker_id: UUID
) -> Attempt | None:
    """Fetch the attempt that a worker has in hand at a solve."""
    number = await db.scalar(
        select(SolveRow.attempt).where(
            SolveRow.id == solve_id,
            SolveRow.worker_id == worker_id,
            SolveRow.status == SolveStatus.RUNNING.value,
        )
    )
    return None if number is None else Attempt(organization_id, solve_id, number)
