"""Rows of proposals."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class ProposalRow(Base):
    """A checked timetable that waits for a person; `document` is the timetable as the solver writes it."""

    __tablename__ = "proposals"
    __table_args__ = (
        UniqueConstraint("organization_id", "solve_id", name="proposals_solve_id_key"),
        ForeignKeyConstraint(["organization_id", "solve_id"], ["solves.organization_id", "solves.id"]),
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("status in ('proposed', 'published')", name="status"),
        CheckConstraint("outcome in ('optimal', 'feasible', 'infeasible', 'unknown')", name="outcome"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    solve_id: Mapped[UUID]
    site_id: Mapped[UUID]
    week: Mapped[date]
    base_version: Mapped[int]
    status: Mapped[str]
    outcome: Mapped[str]
    objective: Mapped[float]
    bound: Mapped[float | None]
    gap: Mapped[float | None]
    goals: Mapped[dict[str, float]] = mapped_column(JSONB)
    fully_served: Mapped[int]
    patients: Mapped[int]
    required_minutes: Mapped[int]
    unmet: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    checker: Mapped[dict[str, Any]] = mapped_column(JSONB)
    diff: Mapped[dict[str, int]] = mapped_column(JSONB)
    sessions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


class ProposalChangeRow(Base):
    """One difference of a proposal from its base, and what was decided about it; ids sort as numbers do."""

    __tablename__ = "proposal_changes"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "proposal_id"], ["proposals.organization_id", "proposals.id"]),
        CheckConstraint("kind in ('added', 'removed', 'moved', 'reassigned')", name="kind"),
        CheckConstraint("status in ('pending', 'accepted', 'rejected')", name="status"),
        CheckConstraint(
            "(before is null) = (kind = 'added') and (after is null) = (kind = 'removed')", name="sessions"
        ),
        CheckConstraint(
            "reason in ('patient_declines', 'clinical', 'continuity', 'staffing', 'short_notice', 'entered_in_error')",
            name="reason",
        ),
        CheckConstraint("(reason is not null) = (status = 'rejected')", name="rejected"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    proposal_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    kind: Mapped[str]
    patient_id: Mapped[UUID]
    service: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[str]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
