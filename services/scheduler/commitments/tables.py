"""Rows of commitment sources and their busy intervals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class CommitmentSourceRow(Base):
    """One imported calendar of a patient: what it was, never what it said."""

    __tablename__ = "commitment_sources"
    __table_args__ = (
        UniqueConstraint("organization_id", "patient_id", "version", name="commitment_sources_version_key"),
        CheckConstraint("events_read >= 0 and busy_intervals >= 0", name="counts"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    version: Mapped[str]
    events_read: Mapped[int]
    busy_intervals: Mapped[int]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    imported_at: Mapped[datetime]


class CommitmentRow(Base):
    """A half-open busy interval."""

    __tablename__ = "commitments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "source_id"],
            ["commitment_sources.organization_id", "commitment_sources.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        Index("commitments_source_id_idx", "organization_id", "source_id"),
        Index("commitments_during_idx", "organization_id", "patient_id", "during", postgresql_using="gist"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
