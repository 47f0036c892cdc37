"""Rows of make-ups."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class MakeUpRow(Base):
    """A missed session that is owed; one for each patient and session, however often it is recorded."""

    __tablename__ = "make_ups"
    __table_args__ = (
        UniqueConstraint("organization_id", "missed_appointment_id", "patient_id", name="make_ups_missed_key"),
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(
            ["organization_id", "missed_appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("status in ('open', 'booked', 'withdrawn')", name="status"),
        CheckConstraint("(appointment_id is not null) = (status = 'booked')", name="booked"),
        CheckConstraint("minutes > 0", name="minutes"),
        Index("make_ups_week_idx", "organization_id", "site_id", "week", "id"),
        Index("make_ups_patient_idx", "organization_id", "patient_id", "week"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    week: Mapped[date]
    due: Mapped[date]
    service: Mapped[str]
    minutes: Mapped[int]
    missed_appointment_id: Mapped[UUID]
    status: Mapped[str]
    appointment_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
