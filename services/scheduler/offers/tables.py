"""Rows of offers; the counter of a batch is what makes the first valid accept win."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class OfferRuleRow(Base):
    """Whether a site offers a seat by itself when it is given back."""

    __tablename__ = "offer_rules"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("people > 0 and minutes > 0 and notice_minutes >= 0", name="amounts"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    enabled: Mapped[bool]
    people: Mapped[int]
    minutes: Mapped[int]
    notice_minutes: Mapped[int]


class OfferBatchRow(Base):
    """Free seats of one session, offered until `expires_at`; never more are accepted than offered."""

    __tablename__ = "offer_batches"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint("0 <= accepted and accepted <= seats", name="accepted"),
        CheckConstraint("seats > 0", name="seats"),
        Index("offer_batches_site_id_idx", "organization_id", "site_id", "id"),
        Index("offer_batches_appointment_id_idx", "organization_id", "appointment_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    appointment_id: Mapped[UUID]
    seats: Mapped[int]
    accepted: Mapped[int]
    withdrawn: Mapped[bool]
    automatic: Mapped[bool]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class OfferRow(Base):
    """One person's offer; `seating` is what records said of the person when it was made.

    The person's own answer comes without anybody on whose behalf records could be asked again.
    """

    __tablename__ = "offers"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "batch_id"], ["offer_batches.organization_id", "offer_batches.id"]),
        ForeignKeyConstraint(
            ["organization_id", "entry_id"], ["waitlist_entries.organization_id", "waitlist_entries.id"]
        ),
        CheckConstraint("status in ('open', 'accepted', 'declined', 'filled', 'withdrawn')", name="status"),
        CheckConstraint("(decided_at is null) = (status = 'open')", name="decided"),
        UniqueConstraint("organization_id", "batch_id", "entry_id", name="offers_entry_id_key"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[UUID]
    entry_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    rank: Mapped[int]
    status: Mapped[str]
    seating: Mapped[dict[str, Any]] = mapped_column(JSONB)
    decided_at: Mapped[datetime | None]


class HoldLapseRow(Base):
    """A hold that will lapse; `seatings` is what records said, when it was taken, of those who wait next.

    A worker that looks at the seat then has nobody on whose behalf records could be asked.
    """

    __tablename__ = "hold_lapses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        UniqueConstraint("organization_id", "appointment_id", "patient_id", name="hold_lapses_patient_id_key"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    lapses_at: Mapped[datetime]
    seatings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class OfferTokenRow(Base):
    """Where the holder of a secret belongs: its hash, and no more; read before any organization is known."""

    __tablename__ = "offer_tokens"
    __table_args__ = (
        UniqueConstraint("organization_id", "offer_id", name="offer_tokens_offer_id_key"),
        Index("offer_tokens_expires_at_idx", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    offer_id: Mapped[UUID]
    expires_at: Mapped[datetime]
