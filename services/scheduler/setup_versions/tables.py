"""Rows of versions of the setup."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class SetupVersionRow(Base):
    """A site, a room, a practitioner or a kind of group as one version has it, from the week on in which that begins.

    Of the versions that count in a week the newest is in force. What was never changed has no row; the first version
    of what was has no beginning. Rows are never changed: weeks that are over are judged by them.
    """

    __tablename__ = "setup_versions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("extract(isodow from effective_on) = 1", name="effective_on"),
        CheckConstraint("version > 0", name="version"),
        Index("setup_versions_site_idx", "organization_id", "site_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    effective_on: Mapped[date | None]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
