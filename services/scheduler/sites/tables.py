"""Rows of sites and rooms."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class SiteRow(Base):
    """A place of treatment; `open` holds weekly windows in wall time of `zone`."""

    __tablename__ = "sites"
    __table_args__ = (
        CheckConstraint("offices >= 0 and family_rooms >= 0", name="places"),
        CheckConstraint("version > 0", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    zone: Mapped[str]
    open: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    offices: Mapped[int]
    family_rooms: Mapped[int]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]


class RoomRow(Base):
    """A group room."""

    __tablename__ = "rooms"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("capacity > 0", name="capacity"),
        CheckConstraint("starts_on < ends_on", name="stay"),
        CheckConstraint("version > 0", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    name: Mapped[str]
    capacity: Mapped[int]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime]
