"""Rows of solves."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class SolveRow(Base):
    """One run of the solver; this row is the truth, whatever the queue or a worker believes.

    `attempt` is the fencing token: a worker writes only while the row is running its own attempt.
    """

    __tablename__ = "solves"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("status in ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        CheckConstraint("outcome in ('optimal', 'feasible', 'infeasible', 'unknown')", name="outcome"),
        CheckConstraint("attempt >= 0", name="attempt"),
        CheckConstraint("(status in ('queued', 'running')) = (finished_at is null)", name="finished"),
        CheckConstraint("(batch_id is null) = (batch_number is null)", name="batch"),
        Index("solves_batch_key", "organization_id", "batch_id", "batch_number", unique=True),
        Index(
            "solves_one_at_a_time_key",
            "organization_id",
            "site_id",
            "week",
            unique=True,
            postgresql_where=text("status in ('queued', 'running')"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    week: Mapped[date]
    status: Mapped[str]
    outcome: Mapped[str | None]
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    attempt: Mapped[int]
    base_version: Mapped[int]
    time_limit_seconds: Mapped[float]
    seed: Mapped[int]
    instance: Mapped[dict[str, Any]] = mapped_column(JSONB)
    warnings: Mapped[list[str]] = mapped_column(JSONB)
    proposal_id: Mapped[UUID | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cancel_requested: Mapped[bool]
    worker_id: Mapped[UUID | None]
    heartbeat_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    batch_id: Mapped[UUID | None]
    batch_number: Mapped[int | None]
