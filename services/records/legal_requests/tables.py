"""The rows of requests that a person answers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class LegalRequestRow(Base):
    """A request; what was asked and answered is sealed with the organization's key, for it may be of no patient."""

    __tablename__ = "legal_requests"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "recipient_id"], ["recipients.organization_id", "recipients.id"]),
        CheckConstraint("kind in ('investigation', 'disclosure_list')", name="kind"),
        # 42 CFR 2.24: the patient asks, and the intermediary has thirty days.
        CheckConstraint(
            "kind <> 'disclosure_list' or (patient_id is not null and recipient_id is not null"
            " and due_on is not null and due_on <= received_on + 30)",
            name="disclosure_list",
        ),
        CheckConstraint("outcome in ('answered', 'refused', 'order_awaited')", name="outcome"),
        CheckConstraint(
            "(outcome is null) = (settled_at is null) and (outcome is null) = (settled_by is null)"
            " and (outcome is null) = (answer is null)",
            name="settled",
        ),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    patient_id: Mapped[UUID | None]
    recipient_id: Mapped[UUID | None]
    received_on: Mapped[date]
    due_on: Mapped[date | None]
    details: Mapped[bytes]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    outcome: Mapped[str | None]
    answer: Mapped[bytes | None]
    settled_by: Mapped[UUID | None]
    settled_at: Mapped[datetime | None]
