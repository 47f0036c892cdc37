"""Rows of kept seats: each site's rule, and who was given one all the same."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class HeldSeatsRuleRow(Base):
    """Whether a site keeps scarce seats, how many of each session, and how long."""

    __tablename__ = "held_seats_rules"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("seats > 0 and release_minutes >= 0 and few_choices >= 0", name="amounts"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    parts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    seats: Mapped[int]
    release_minutes: Mapped[int]
    few_choices: Mapped[int]


class HeldSeatOverrideRow(Base):
    """A kept seat that somebody answered for giving to a person with other choices; nothing changes it."""

    __tablename__ = "held_seat_overrides"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("reason in ('clinical', 'court', 'safety', 'new_commitment', 'transport')", name="reason"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    reason: Mapped[str]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
