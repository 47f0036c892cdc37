"""The rows of discharge summaries, sealed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DischargeSummaryRow(Base):
    """One signed version; the application may add versions and change none."""

    __tablename__ = "discharge_summaries"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    signed_by: Mapped[UUID]
    signed_at: Mapped[datetime]
    sha256: Mapped[bytes]
    needs_cosignature: Mapped[bool]


class DischargeSummaryCosignatureRow(Base):
    """The signature of who answers for a version beside its author; a version has one, and it stays."""

    __tablename__ = "summary_cosignatures"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "episode_id", "version"],
            ["discharge_summaries.organization_id", "discharge_summaries.episode_id", "discharge_summaries.version"],
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    cosigned_by: Mapped[UUID]
    cosigned_at: Mapped[datetime]
