"""Rows of seats kept from week to week: a rule for each kind of group that has one."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class WeeklyHeldSeatsRuleRow(Base):
    """Whether a kind of group keeps seats of each of its meetings, in which weeks, and until when."""

    __tablename__ = "weekly_held_seats_rules"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "group_offering_id"], ["group_offerings.organization_id", "group_offerings.id"]
        ),
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("seats > 0 and few_choices >= 0", name="amounts"),
        CheckConstraint("release_days between -6 and 60", name="release"),
        CheckConstraint(
            "extract(isodow from first_week) = 1 and extract(isodow from last_week) = 1 and first_week <= last_week",
            name="weeks",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    group_offering_id: Mapped[UUID] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    seats: Mapped[int]
    release_days: Mapped[int]
    first_week: Mapped[date | None]
    last_week: Mapped[date | None]
    few_choices: Mapped[int]
