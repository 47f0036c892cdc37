"""The rows of recipients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RecipientRow(Base):
    """A recipient; name and address are sealed. The application may add entries and change none."""

    __tablename__ = "recipients"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        # An entry from before this rule names no patient, so nothing goes to it as to the patient.
        CheckConstraint("(kind = 'patient') = (patient_id is not null)", name="patient", postgresql_not_valid=True),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[bytes]
    kind: Mapped[str]
    hipaa_bound: Mapped[bool]
    address: Mapped[bytes | None]
    created_at: Mapped[datetime]
    patient_id: Mapped[UUID | None]
