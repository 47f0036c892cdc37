"""Rows of swaps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class SwapRow(Base):
    """An exchange that was made, and why; the application may add such rows and change none."""

    __tablename__ = "swaps"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(
            ["organization_id", "first_appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "second_appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("first_appointment_id <> second_appointment_id", name="sessions"),
        CheckConstraint("first_patient_id <> second_patient_id", name="patients"),
        CheckConstraint(
            "reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', 'entered_in_error')",
            name="reason",
        ),
        Index("swaps_site_idx", "organization_id", "site_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    first_appointment_id: Mapped[UUID]
    first_patient_id: Mapped[UUID]
    second_appointment_id: Mapped[UUID]
    second_patient_id: Mapped[UUID | None]
    reason: Mapped[str]
    swapped_by: Mapped[UUID]
    swapped_at: Mapped[datetime]
