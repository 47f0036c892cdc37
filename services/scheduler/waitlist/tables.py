"""Rows of the waitlist."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class WaitlistEntryRow(Base):
    """One patient who waits at one site, once for each service; `windows` are in wall time of the site's zone."""

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("status in ('waiting', 'placed', 'removed')", name="status"),
        CheckConstraint(
            "reason in ('declined', 'unreachable', 'no_longer_needed', 'treated_elsewhere', 'died', "
            "'entered_in_error')",
            name="reason",
        ),
        CheckConstraint("(reason is not null) = (status = 'removed')", name="removed"),
        CheckConstraint("(closed_at is null) = (status = 'waiting')", name="closed"),
        CheckConstraint("version > 0", name="version"),
        Index(
            "waitlist_entries_once_key",
            "organization_id",
            "site_id",
            "patient_id",
            "service",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    service: Mapped[str | None]
    windows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    priority_facts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    since: Mapped[date]
    status: Mapped[str]
    reason: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
