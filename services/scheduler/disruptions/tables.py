"""Rows of disruptions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class DisruptionRow(Base):
    """One thing that fell out of one week of one site; `shifts` and `breaks` are in wall time of the site's zone."""

    __tablename__ = "disruptions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        ForeignKeyConstraint(["organization_id", "room_id"], ["rooms.organization_id", "rooms.id"]),
        ForeignKeyConstraint(["organization_id", "solve_id"], ["solves.organization_id", "solves.id"]),
        CheckConstraint("extract(isodow from week) = 1", name="week"),
        CheckConstraint(
            "kind in ('practitioner_out', 'room_lost', 'site_closed', 'shift_changed', 'commitment_changed', "
            "'setup_changed')",
            name="kind",
        ),
        CheckConstraint(
            "reason in ('absence', 'leave', 'training', 'maintenance', 'weather', 'emergency', 'calendar', 'other')",
            name="reason",
        ),
        CheckConstraint("(kind in ('practitioner_out', 'shift_changed')) = (practitioner_id is not null)", name="who"),
        CheckConstraint("(kind = 'room_lost') = (room_id is not null)", name="room"),
        CheckConstraint("(kind = 'commitment_changed') = (patient_id is not null)", name="patient"),
        CheckConstraint("(kind = 'shift_changed') = (shifts is not null)", name="shifts"),
        CheckConstraint(
            "(starts_at is null) = (kind in ('shift_changed', 'commitment_changed', 'setup_changed'))",
            name="interval",
        ),
        CheckConstraint("(starts_at is null) = (ends_at is null)", name="both_ends"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("status in ('open', 'withdrawn')", name="status"),
        CheckConstraint("(withdrawn_at is null) = (status = 'open')", name="withdrawn"),
        Index("disruptions_batch_key", "organization_id", "batch_id", "week", unique=True),
        Index("disruptions_week_idx", "organization_id", "site_id", "week"),
        Index(
            "disruptions_one_shift_change_key",
            "organization_id",
            "site_id",
            "week",
            "practitioner_id",
            unique=True,
            postgresql_where=text("kind = 'shift_changed' and status = 'open'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    week: Mapped[date]
    kind: Mapped[str]
    reason: Mapped[str]
    practitioner_id: Mapped[UUID | None]
    room_id: Mapped[UUID | None]
    patient_id: Mapped[UUID | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    shifts: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    breaks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str]
    solve_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    withdrawn_at: Mapped[datetime | None]
    batch_id: Mapped[UUID | None]
