"""Rows of cohorts."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class CohortRow(Base):
    """People who begin together at a site."""

    __tablename__ = "cohorts"
    __table_args__ = (ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    name: Mapped[str]
    starts_on: Mapped[date]
    created_at: Mapped[datetime]


class CohortMemberRow(Base):
    """Who is in a cohort; nobody is in two."""

    __tablename__ = "cohort_members"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "cohort_id"], ["cohorts.organization_id", "cohorts.id"]),
        Index("cohort_members_cohort_idx", "organization_id", "cohort_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    cohort_id: Mapped[UUID]
    joined_at: Mapped[datetime]
