"""Rows of what was given back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class ReleaseRow(Base):
    """A seat given back, and why; the application may add such rows and change none."""

    __tablename__ = "releases"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint(
            "reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', 'entered_in_error')",
            name="reason",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    reason: Mapped[str]
    released_at: Mapped[datetime]
