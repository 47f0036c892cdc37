"""Rows of published timetables."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class TimetableRow(Base):
    """One published version of a site's week; `document` is the timetable as the solver writes it.

    The unique version is also the lock: of two who publish on one base, the second waits here and then finds it taken.
    """

    __tablename__ = "timetables"
    __table_args__ = (
        UniqueConstraint("organization_id", "site_id", "week", "version", name="timetables_version_key"),
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("extract(isodow from week) = 1", name="week"),
        CheckConstraint("0 < reverted_to and reverted_to < version", name="reverted_to"),
        CheckConstraint(
            "reason in ('patient_request', 'clinical', 'commitment_changed', 'admission', 'discharge', 'plan_changed', "
            "'staff_absence', 'room_unavailable', 'closure', 'better_week', 'entered_in_error')",
            name="reason",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    week: Mapped[date]
    version: Mapped[int]
    proposal_id: Mapped[UUID]
    reverted_to: Mapped[int | None]
    reason: Mapped[str | None]
    objective: Mapped[float]
    bound: Mapped[float | None]
    gap: Mapped[float | None]
    fully_served: Mapped[int]
    patients: Mapped[int]
    required_minutes: Mapped[int]
    unmet: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    checker: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
