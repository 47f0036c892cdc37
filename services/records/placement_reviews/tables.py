"""The rows of placement reviews."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class SiteCriteriaEditionRow(Base):
    """Which edition is in force at a site from a day on; the application adds them, and of two of a day the later."""

    __tablename__ = "site_criteria_editions"
    __table_args__ = (Index(None, "organization_id", "site_id", "effective_from"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    edition: Mapped[str]
    effective_from: Mapped[date]
    set_by: Mapped[UUID]
    set_at: Mapped[datetime]


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
