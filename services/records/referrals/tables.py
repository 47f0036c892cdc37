"""The rows of referrals, of the keys that seal them, and of attempts to reach people."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class ReferralRow(Base):
    """A referral; who the person is, and what they told, is sealed with a key of the referral's own."""

    __tablename__ = "referrals"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        CheckConstraint("status in ('open', 'admitted', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (closing is not null)", name="closing"),
        CheckConstraint("(status = 'open') = (closed_at is null)", name="closed"),
        CheckConstraint(
            "(status = 'admitted') = (patient_id is not null) and (status = 'admitted') = (episode_id is not null)",
            name="admitted",
        ),
        CheckConstraint("first_reached_at >= received_at", name="reached"),
        CheckConstraint("intake_held_at >= received_at", name="intake"),
        CheckConstraint("version >= 1", name="version"),
        Index(None, "organization_id", "site_id", "received_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    told: Mapped[bytes]
    source: Mapped[str]
    urgency: Mapped[str]
    received_at: Mapped[datetime]
    first_reached_at: Mapped[datetime | None]
    intake_due_at: Mapped[datetime]
    intake_planned_at: Mapped[datetime | None]
    intake_held_at: Mapped[datetime | None]
    assigned_to: Mapped[UUID | None]
    status: Mapped[str]
    closing: Mapped[str | None]
    patient_id: Mapped[UUID | None]
    episode_id: Mapped[UUID | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ReferralKeyRow(Base):
    """A referral's data key, wrapped by the organization's; without this row nobody can say whose referral it was."""

    __tablename__ = "referral_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "referral_id"),
        ForeignKeyConstraint(["organization_id", "referral_id"], ["referrals.organization_id", "referrals.id"]),
        ForeignKeyConstraint(
            ["organization_id", "organization_key_id"], ["organization_keys.organization_id", "organization_keys.id"]
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID]
    organization_key_id: Mapped[UUID]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class ReferralContactRow(Base):
    """An attempt to reach somebody; the application may add attempts and change none."""

    __tablename__ = "referral_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "referral_id"], ["referrals.organization_id", "referrals.id"]),
        Index(None, "organization_id", "referral_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID]
    channel: Mapped[str]
    outcome: Mapped[str]
    at: Mapped[datetime]
    was_permitted: Mapped[bool]
    by: Mapped[UUID]
