"""Rows of practitioners."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class PractitionerRow(Base):
    """A person who treats at a site; shifts and breaks are weekly windows in wall time of the site's zone."""

    __tablename__ = "practitioners"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("role in ('counsellor', 'therapist', 'prescriber', 'nurse', 'peer')", name="role"),
        CheckConstraint("max_minutes_day > 0 and max_minutes_week > 0", name="hours"),
        CheckConstraint("contract_minutes_week > 0", name="contract"),
        CheckConstraint("starts_on < ends_on", name="stay"),
        CheckConstraint("version > 0", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    display_name: Mapped[str]
    role: Mapped[str]
    leads: Mapped[list[str]] = mapped_column(JSONB)
    co_facilitates: Mapped[bool]
    individual: Mapped[list[str]] = mapped_column(JSONB)
    languages: Mapped[list[str]] = mapped_column(JSONB)
    shifts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    breaks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    max_minutes_day: Mapped[int]
    max_minutes_week: Mapped[int]
    contract_minutes_week: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
