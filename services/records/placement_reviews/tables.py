"""The rows of placement reviews."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class PlacementReviewRow(Base):
    """A review; what was found is sealed. The application may add reviews and change none."""

    __tablename__ = "placement_reviews"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    criteria_edition: Mapped[str]
    reviewed_on: Mapped[date]
    found: Mapped[bytes]
    reviewed_by: Mapped[UUID]
    created_at: Mapped[datetime]
