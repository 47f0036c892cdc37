"""The rows of the accounting of disclosures."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DisclosureRow(Base):
    """One disclosure; the application adds them, may mark one as reviewed, and changes nothing else of it."""

    __tablename__ = "disclosures"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "recipient_id"], ["recipients.organization_id", "recipients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "consent_id", "consent_version"],
            ["consents.organization_id", "consents.id", "consents.version"],
        ),
        CheckConstraint("cardinality(information) > 0", name="information"),
        CheckConstraint("(basis = 'consent') = (consent_id is not null)", name="consent"),
        CheckConstraint("(consent_id is null) = (consent_version is null)", name="consent_version"),
        # 42 CFR 2.32: whatever leaves carries the notice, but to the patient.
        CheckConstraint("(basis = 'patient_access') = (notice_version is null)", name="notice"),
        # 42 CFR 2.51(c): the record of an emergency is whole, or there is no disclosure.
        CheckConstraint(
            "basis <> 'emergency' or (recipient_person is not null and facility is not null"
            " and discloser is not null and nature is not null and review_due)",
            name="emergency",
        ),
        CheckConstraint("(reviewed_at is null) = (reviewed_by is null)", name="review"),
        CheckConstraint("reviewed_by <> disclosed_by", name="reviewer"),
        Index(None, "organization_id", "patient_id", "disclosed_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    recipient_id: Mapped[UUID]
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purpose: Mapped[str]
    basis: Mapped[str]
    consent_id: Mapped[UUID | None]
    consent_version: Mapped[int | None]
    notice_version: Mapped[str | None]
    redisclosure: Mapped[str | None]
    recipient_person: Mapped[str | None]
    facility: Mapped[str | None]
    discloser: Mapped[str | None]
    nature: Mapped[str | None]
    reference: Mapped[str | None]
    disclosed_by: Mapped[UUID]
    disclosed_at: Mapped[datetime]
    review_due: Mapped[bool]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
