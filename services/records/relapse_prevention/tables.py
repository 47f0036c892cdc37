"""The rows of relapse-prevention plans, sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RelapsePlanRow(Base):
    """One version of a plan; the application may add versions and change none."""

    __tablename__ = "relapse_plans"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]
