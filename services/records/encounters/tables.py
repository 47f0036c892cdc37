"""The rows of encounters, and of the events that made them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class EncounterRow(Base):
    """One patient in one session, as the newest revision tells; there is one for each seat."""

    __tablename__ = "encounters"
    __table_args__ = (
        UniqueConstraint("organization_id", "appointment_id", "patient_id", name="encounters_seat_key"),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("status in ('arrived', 'fulfilled', 'noshow', 'cancelled')", name="status"),
        CheckConstraint("(excused is not null) = (status = 'cancelled')", name="excused"),
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("attended_minutes >= 0 and (status = 'fulfilled' or attended_minutes = 0)", name="attended"),
        CheckConstraint("revision >= 1", name="revision"),
        Index(None, "organization_id", "patient_id", "week"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    site_id: Mapped[UUID]
    week: Mapped[date]
    service: Mapped[str]
    modality: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    excused: Mapped[bool | None]
    minutes_late: Mapped[int]
    minutes_left_early: Mapped[int]
    attended_minutes: Mapped[int]
    revision: Mapped[int]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]


class EncounterEventRow(Base):
    """An event that was taken; it is taken once, however often it is told."""

    __tablename__ = "encounter_events"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "encounter_id"], ["encounters.organization_id", "encounters.id"]),
        Index(None, "organization_id", "encounter_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    encounter_id: Mapped[UUID]
    revision: Mapped[int]
    status: Mapped[str]
    received_at: Mapped[datetime]
