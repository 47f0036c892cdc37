"""Rows of group series and of the weeks in which they meet."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class GroupSeriesRow(Base):
    """What a series is; its columns together are its identity, so that it is the same one week after week."""

    __tablename__ = "group_series"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(
            ["organization_id", "group_offering_id"], ["group_offerings.organization_id", "group_offerings.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        UniqueConstraint(
            "organization_id",
            "site_id",
            "group_offering_id",
            "track",
            "language",
            "weekday",
            "start",
            "practitioner_id",
            name="group_series_identity_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("weekday between 0 and 6", name="weekday"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    group_offering_id: Mapped[UUID]
    track: Mapped[str | None]
    language: Mapped[str]
    weekday: Mapped[int]
    start: Mapped[time]
    practitioner_id: Mapped[UUID]
    created_at: Mapped[datetime]


class GroupSeriesWeekRow(Base):
    """The series meets in a published week, with these members; who is in it never leaves the house."""

    __tablename__ = "group_series_weeks"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "series_id"], ["group_series.organization_id", "group_series.id"]),
        CheckConstraint("extract(isodow from week) = 1", name="week"),
        Index("group_series_weeks_site_idx", "organization_id", "site_id", "week"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    series_id: Mapped[UUID] = mapped_column(primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    patient_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
