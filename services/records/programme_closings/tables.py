"""The rows of closings, and of what becomes of each record."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class ProgrammeClosingRow(Base):
    """That a programme closes; an organization has one that is neither cancelled nor sealed."""

    __tablename__ = "programme_closings"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "acquired_by"], ["recipients.organization_id", "recipients.id"]),
        CheckConstraint("reason in ('discontinued', 'acquired')", name="reason"),
        CheckConstraint("(reason = 'acquired') = (acquired_by is not null)", name="acquired"),
        CheckConstraint("(citation is null) = (keep_until is null) and keep_until > ends_on", name="retention"),
        CheckConstraint("(cancelled_at is null) = (cancelled_by is null)", name="cancelled"),
        CheckConstraint("(sealed_at is null) = (sealed_by is null)", name="sealed"),
        CheckConstraint("cancelled_at is null or sealed_at is null", name="end"),
        Index(
            "programme_closings_open_key",
            "organization_id",
            unique=True,
            postgresql_where=text("cancelled_at is null and sealed_at is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme: Mapped[str]
    reason: Mapped[str]
    ends_on: Mapped[date]
    acquired_by: Mapped[UUID | None]
    responsible_person: Mapped[str]
    responsible_contact: Mapped[str]
    citation: Mapped[str | None]
    keep_until: Mapped[date | None]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    cancelled_by: Mapped[UUID | None]
    cancelled_at: Mapped[datetime | None]
    sealed_by: Mapped[UUID | None]
    sealed_at: Mapped[datetime | None]


class DispositionRow(Base):
    """What becomes of one record in one closing."""

    __tablename__ = "dispositions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "closing_id"], ["programme_closings.organization_id", "programme_closings.id"]
        ),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "disclosure_id"], ["disclosures.organization_id", "disclosures.id"]),
        CheckConstraint("kind in ('transfer', 'keep', 'destroy')", name="kind"),
        # 42 CFR 2.19(a)(1): nothing goes to another programme but by the patient's written consent.
        CheckConstraint("(kind = 'transfer') = (disclosure_id is not null)", name="transfer"),
        CheckConstraint("(citation is null) = (keep_until is null)", name="retention"),
        # 42 CFR 2.19(a)(2): what a law required to keep is destroyed because its period has expired, and so is what a
        # transfer leaves.
        CheckConstraint("reason is null or (kind <> 'keep' and citation is not null)", name="expired"),
        CheckConstraint("kind <> 'destroy' or citation is null or reason is not null", name="destroyed"),
        CheckConstraint("reason in ('last_service', 'discharge', 'majority', 'death')", name="reason"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    closing_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    disclosure_id: Mapped[UUID | None]
    citation: Mapped[str | None]
    keep_until: Mapped[date | None]
    reason: Mapped[str | None]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
