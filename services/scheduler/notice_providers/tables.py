"""Rows of who carries messages."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class NoticeProviderRow(Base):
    """An organization's delivery provider; `secret` is sealed and signs what goes out and what comes back.

    `reminder_turn` counts the rounds in which reminders are planned.
    """

    __tablename__ = "notice_providers"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[bytes]
    quiet_from: Mapped[time]
    quiet_until: Mapped[time]
    reminder_turn: Mapped[int] = mapped_column(server_default="0")
    version: Mapped[int]
    updated_at: Mapped[datetime]
