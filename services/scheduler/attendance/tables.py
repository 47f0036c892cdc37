"""Rows of attendance."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class AttendanceRow(Base):
    """One revision of what was recorded; the application may add revisions and change none."""

    __tablename__ = "attendances"
    __table_args__ = (
        UniqueConstraint(
            "organization_id", "appointment_id", "patient_id", "revision", name="attendances_revision_key"
        ),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("status in ('arrived', 'fulfilled', 'noshow', 'cancelled')", name="status"),
        CheckConstraint("revision >= 1", name="revision"),
        CheckConstraint(
            "(excused is not null) = (status = 'cancelled') and (call_out_reason is not null) = (status = 'cancelled')",
            name="call_out",
        ),
        CheckConstraint(
            "call_out_reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', "
            "'entered_in_error')",
            name="call_out_reason",
        ),
        CheckConstraint(
            "minutes_late >= 0 and minutes_left_early >= 0 "
            "and (status in ('arrived', 'fulfilled') or minutes_late = 0) "
            "and (status = 'fulfilled' or minutes_left_early = 0)",
            name="minutes",
        ),
        CheckConstraint("amendment_reason in ('entered_in_error', 'new_information')", name="amendment_reason"),
        Index("attendances_patient_idx", "organization_id", "patient_id", "appointment_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    revision: Mapped[int]
    status: Mapped[str]
    excused: Mapped[bool | None]
    call_out_reason: Mapped[str | None]
    minutes_late: Mapped[int]
    minutes_left_early: Mapped[int]
    amendment_reason: Mapped[str | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]


class AttendanceDeliveryRow(Base):
    """A revision that records is to be told of: written with it, in one transaction, and delivered at least once."""

    __tablename__ = "attendance_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "attendance_id"], ["attendances.organization_id", "attendances.id"]),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("refusals >= 0 and refusals <= attempts", name="refusals"),
        CheckConstraint(
            "(parked_at is not null) = (refusal is not null) "
            "and not (parked_at is not null and delivered_at is not null)",
            name="parked",
        ),
        Index(
            "attendance_deliveries_parked_idx",
            "organization_id",
            "attendance_id",
            postgresql_where=text("parked_at is not null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    attendance_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    refusals: Mapped[int]
    delivered_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    refusal: Mapped[str | None]
