"""Rows of changes of modality."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class ModalityChangeRow(Base):
    """A change that was made, and why; the application may add such rows and change none."""

    __tablename__ = "modality_changes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        ForeignKeyConstraint(["organization_id", "room_id"], ["rooms.organization_id", "rooms.id"]),
        CheckConstraint("modality in ('on_site', 'telehealth')", name="modality"),
        CheckConstraint("room_id is null or modality = 'on_site'", name="room"),
        CheckConstraint(
            "reason in ('patient_request', 'practitioner_request', 'illness', 'weather', 'transport', 'room_needed', "
            "'entered_in_error')",
            name="reason",
        ),
        Index("modality_changes_appointment_idx", "organization_id", "appointment_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    modality: Mapped[str]
    room_id: Mapped[UUID | None]
    reason: Mapped[str]
    changed_by: Mapped[UUID]
    changed_at: Mapped[datetime]
