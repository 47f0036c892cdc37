"""Rows of how patients are written to."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class NoticePreferenceRow(Base):
    """How one patient is written to; `address` is sealed, and without an opt-in nothing is sent."""

    __tablename__ = "notice_preferences"
    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", name="channel"),
        CheckConstraint("language in ('en', 'es')", name="language"),
        CheckConstraint("not opted_in or (address is not null and opted_in_at is not null)", name="opted_in"),
        CheckConstraint("(quiet_from is null) = (quiet_until is null)", name="quiet"),
        CheckConstraint("reminder_hours between 1 and 168", name="reminder_hours"),
        CheckConstraint("version > 0", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    language: Mapped[str]
    address: Mapped[bytes | None]
    opted_in: Mapped[bool]
    opted_in_at: Mapped[datetime | None]
    recorded_by: Mapped[UUID | None]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    reminder_hours: Mapped[int | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]
