"""Rows of feeds."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class FeedRow(Base):
    """A feed, and what was last served: by it is told what has changed since for whoever subscribes."""

    __tablename__ = "feeds"
    __table_args__ = (
        CheckConstraint("subject in ('patient', 'practitioner', 'room', 'site')", name="subject"),
        CheckConstraint("revision >= 0", name="revision"),
        Index("feeds_subject_idx", "organization_id", "subject", "subject_id", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    shows_location: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID]
    rotated_at: Mapped[datetime]
    revision: Mapped[int]
    served_at: Mapped[datetime | None]
    served: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class FeedTokenRow(Base):
    """Where the holder of a feed's secret belongs: its hash, and no more; read before any organization is known."""

    __tablename__ = "feed_tokens"
    __table_args__ = (UniqueConstraint("organization_id", "feed_id", name="feed_tokens_feed_id_key"),)

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    feed_id: Mapped[UUID]
