"""Rows of commitment sources and their busy intervals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class CommitmentSourceRow(Base):
    """One source of a patient's commitments: what it was, never what it said.

    `entry` is what a person entered, where it was entered by hand.
    """

    __tablename__ = "commitment_sources"
    __table_args__ = (
        CheckConstraint("events_read >= 0 and busy_intervals >= 0", name="counts"),
        CheckConstraint("kind in ('file', 'manual', 'url', 'caldav')", name="kind"),
        CheckConstraint("status in ('active', 'disabled')", name="status"),
        CheckConstraint("(entry is not null) = (kind = 'manual')", name="entry"),
        CheckConstraint("(version is null) = (imported_at is null)", name="reading"),
        # The same file again is the same source.
        Index(
            "commitment_sources_version_key",
            "organization_id",
            "patient_id",
            "version",
            unique=True,
            postgresql_where=text("kind = 'file'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    kind: Mapped[str]
    status: Mapped[str]
    revision: Mapped[int]
    version: Mapped[str | None]
    events_read: Mapped[int]
    busy_intervals: Mapped[int]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    imported_at: Mapped[datetime | None]
    entry: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class CommitmentRow(Base):
    """A half-open busy interval.

    Its bounds stand beside it: `&&` of ranges is not leakproof, so that under row-level security no index serves it.
    """

    __tablename__ = "commitments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "source_id"],
            ["commitment_sources.organization_id", "commitment_sources.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        Index("commitments_source_id_idx", "organization_id", "source_id"),
        Index("commitments_bounds_idx", "organization_id", "patient_id", "starts_at", "ends_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    starts_at: Mapped[datetime] = mapped_column(Computed("lower(during)", persisted=True))
    ends_at: Mapped[datetime] = mapped_column(Computed("upper(during)", persisted=True))


class CommitmentPollRow(Base):
    """How a source is read again; sealed with the patient's key are where it is and what its server told.

    `turn` is the fencing token: a job of another turn is out of date, and so is what an attempt of another turn read.
    """

    __tablename__ = "commitment_polls"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "source_id"],
            ["commitment_sources.organization_id", "commitment_sources.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("validators is null or access is not null", name="validators"),
        CheckConstraint("(attempted_at is null) = (outcome is null)", name="attempt"),
        CheckConstraint("failures >= 0 and turn > 0", name="counts"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    turn: Mapped[int]
    attempted_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    failures: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    access: Mapped[bytes | None]
    validators: Mapped[bytes | None]
