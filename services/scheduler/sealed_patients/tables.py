"""Rows of patients whose records are sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class SealedPatientRow(Base):
    """Somebody of whom nothing may be planned any more, for good."""

    __tablename__ = "sealed_patients"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    heard_at: Mapped[datetime]
