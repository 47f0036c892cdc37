"""The rows of wishes to be in peer and alumni groups."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RecoveryGroupChoiceRow(Base):
    """What somebody wished at a time; the application may add wishes and change none."""

    __tablename__ = "recovery_group_choices"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("kind in ('peer', 'alumni')", name="kind"),
        CheckConstraint("number >= 1", name="number"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    joins: Mapped[bool]
    by_patient: Mapped[bool]
    """Whether the patient said so by the own account."""
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
