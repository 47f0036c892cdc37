"""Rows of closures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, ForeignKeyConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class ClosureRow(Base):
    """Hours in which a site is closed; no two that are in force overlap."""

    __tablename__ = "closures"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("policy in ('telehealth', 'reschedule', 'cancel')", name="policy"),
        CheckConstraint(
            "reason in ('weather', 'building', 'staffing', 'public_health', 'safety', 'holiday')", name="reason"
        ),
        CheckConstraint("status in ('closed', 'reopened')", name="status"),
        CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        CheckConstraint(
            "(status = 'reopened') = (reopened_at is not null) and (reopened_by is null) = (reopened_at is null)",
            name="reopened",
        ),
        ExcludeConstraint(
            (Column("organization_id"), "="),
            (Column("site_id"), "="),
            (Column("during"), "&&"),
            where=text("status = 'closed'"),
            using="gist",
            name="closures_site_id_during_excl",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    policy: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str]
    solve_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    reopened_by: Mapped[UUID | None]
    reopened_at: Mapped[datetime | None]


class ClosureSessionRow(Base):
    """What a closure made of one session; the application may add such rows and change none."""

    __tablename__ = "closure_sessions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "closure_id"], ["closures.organization_id", "closures.id"]),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("outcome in ('cancelled', 'telehealth')", name="outcome"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    closure_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    kept: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    lost: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
