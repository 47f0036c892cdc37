"""Rows of who signs in as which practitioner, and how staff are written to."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class PractitionerAccountRow(Base):
    """Whose account a practitioner signs in with; one person may be a practitioner of several sites."""

    __tablename__ = "practitioner_accounts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        Index("practitioner_accounts_account_idx", "organization_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]


class OwnNoticePreferenceRow(Base):
    """How the holder of an account is written to; `address` is sealed, and without an opt-in nothing is sent."""

    __tablename__ = "own_notice_preferences"
    __table_args__ = (
        CheckConstraint("channel in ('sms', 'email')", name="channel"),
        CheckConstraint("language in ('en', 'es')", name="language"),
        CheckConstraint("not opted_in or address is not null", name="opted_in"),
        CheckConstraint("(quiet_from is null) = (quiet_until is null)", name="quiet"),
        CheckConstraint("version > 0", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    language: Mapped[str]
    address: Mapped[bytes | None]
    opted_in: Mapped[bool]
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]
