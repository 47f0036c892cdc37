"""Rows of group offerings."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class GroupOfferingRow(Base):
    """A kind of group meeting that a site may hold."""

    __tablename__ = "group_offerings"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("service in ('process_group', 'skills_group', 'education_group')", name="service"),
        CheckConstraint("minutes > 0 and minutes % 15 = 0", name="minutes"),
        CheckConstraint("extract(isodow from starts_on) = 1", name="starts_on"),
        CheckConstraint("extract(isodow from ends_on) = 1", name="ends_on"),
        CheckConstraint("starts_on < ends_on", name="stay"),
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("0 < minimum_size and minimum_size <= maximum_size", name="size"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    service: Mapped[str]
    minutes: Mapped[int]
    minimum_size: Mapped[int]
    maximum_size: Mapped[int]
    co_facilitator_above: Mapped[int]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
