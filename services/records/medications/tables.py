"""The rows of medication; what is taken, how it ended, and each dose are sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class MedicationRow(Base):
    """A medicine of a patient; only its end is ever written later."""

    __tablename__ = "medications"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    details: Mapped[bytes]
    ending: Mapped[bytes | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class MedicationDoseRow(Base):
    """What was recorded of one day's dose; the application may add records and change none."""

    __tablename__ = "medication_doses"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "medication_id"], ["medications.organization_id", "medications.id"]),
        CheckConstraint("number >= 1", name="number"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    medication_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
