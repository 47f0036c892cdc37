"""Rows of the outbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base

_UNSENT = "status in ('queued', 'held')"


class NoticeRow(Base):
    """One message to one patient or practitioner; `body` was written when it was queued, and is sent as it stands.

    A delivered fact stays: `sent_at` and `delivered_at` are written once.
    """

    __tablename__ = "notices"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        UniqueConstraint("organization_id", "dedupe_key", name="notices_dedupe_key_key"),
        CheckConstraint(
            "kind in ('session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure', 'reminder', "
            "'offer', 'seat_filled', 'week_published', 'ride_changed', 'ride_cancelled', 'own_schedule_set', "
            " 'own_schedule_changed')",
            name="kind",
        ),
        CheckConstraint("num_nonnulls(patient_id, practitioner_id) = 1", name="recipient"),
        CheckConstraint(
            "(practitioner_id is not null) = (kind in ('own_schedule_set', 'own_schedule_changed'))",
            name="own_schedule",
        ),
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        CheckConstraint(
            "status in ('queued', 'held', 'sending', 'sent', 'delivered', 'failed', 'cancelled', 'expired')",
            name="status",
        ),
        CheckConstraint("language in ('en', 'es')", name="language"),
        CheckConstraint("status not in ('sent', 'delivered') or sent_at is not null", name="sent"),
        CheckConstraint("(status = 'delivered') = (delivered_at is not null)", name="delivered"),
        CheckConstraint(
            "status not in ('failed', 'cancelled', 'expired', 'held') or reason is not null", name="reason"
        ),
        CheckConstraint("attempts >= 0", name="attempts"),
        # Of two who tell one patient of one appointment the second waits here, and then takes the first one's place.
        Index(
            "notices_one_unsent_idx",
            "organization_id",
            "patient_id",
            "appointment_id",
            unique=True,
            postgresql_where=text(
                f"{_UNSENT} and kind in ('session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure')"
            ),
        ),
        # Nobody is reminded twice of one occurrence.
        Index(
            "notices_one_reminder_idx",
            "organization_id",
            "patient_id",
            "appointment_id",
            "starts_at",
            unique=True,
            postgresql_where=text("kind = 'reminder'"),
        ),
        Index("notices_day_idx", "organization_id", "site_id", "deliver_after"),
        Index("notices_patient_idx", "organization_id", "patient_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    patient_id: Mapped[UUID | None]
    practitioner_id: Mapped[UUID | None]
    appointment_id: Mapped[UUID | None]
    kind: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    language: Mapped[str]
    body: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    starts_at: Mapped[datetime | None]
    dedupe_key: Mapped[str]
    deliver_after: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int]
    superseded_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]


class ToldScheduleRow(Base):
    """A practitioner's schedule as the notice `notice_id` told of it, and as it was told before; null for not at all.

    Once the book differs from that, there is something to tell; while the notice has not left, from what was before.
    """

    __tablename__ = "told_schedules"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        ForeignKeyConstraint(["organization_id", "notice_id"], ["notices.organization_id", "notices.id"]),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(primary_key=True)
    notice_id: Mapped[UUID]
    sessions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    before: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
