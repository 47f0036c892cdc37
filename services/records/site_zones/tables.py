"""The rows of the sites' zones."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class SiteZoneRow(Base):
    """A site's zone, which never changes, and its state as the newest rule settings have it."""

    __tablename__ = "site_zones"
    __table_args__ = (CheckConstraint("jurisdiction ~ '^US-[A-Z]{2}$'", name="jurisdiction"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    zone: Mapped[str]
    told_at: Mapped[datetime]
    jurisdiction: Mapped[str | None]
    settings_version: Mapped[int]
