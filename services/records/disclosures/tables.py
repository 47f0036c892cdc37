"""The rows of the accounting of disclosures."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DisclosureDenialRow(Base):
    """One disclosure that was denied; the application adds them and changes none."""

    __tablename__ = "disclosure_denials"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "recipient_id"], ["recipients.organization_id", "recipients.id"]),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    recipient_id: Mapped[UUID]
    purpose: Mapped[str]
    information: Mapped[str]
    rule: Mapped[str]
    denied_to: Mapped[UUID]
    denied_at: Mapped[datetime]


class DisclosureRow(Base):
    """One disclosure; names are sealed. The application may mark one as reviewed, and changes nothing else."""

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
        # 42 CFR 2.51(a): a colleague's cover is none. What was disclosed before stays accounted, and can be reviewed.
        CheckConstraint(
            "basis <> 'emergency' or reviewed_at is not null"
            " or nature in ('medical_emergency', 'overdose', 'suicide_risk', 'withdrawal', 'violence')",
            name="medical_emergency",
            postgresql_not_valid=True,
        ),
        # 42 CFR 2.61: an order permits, and only a subpoena beside it compels.
        CheckConstraint(
            "basis <> 'court_order' or (reference is not null and subpoena is not null and review_due)",
            name="court_order",
        ),
        CheckConstraint("basis not in ('research', 'oversight') or reference is not null", name="approval"),
        CheckConstraint("(reviewed_at is null) = (reviewed_by is null)", name="review"),
        CheckConstraint("reviewed_by <> disclosed_by", name="reviewer"),
        CheckConstraint("records_from <= records_until", name="records"),
        Index(None, "organization_id", "patient_id", "disclosed_at"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    recipient_id: Mapped[UUID]
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    records_from: Mapped[date | None]
    records_until: Mapped[date | None]
    zone: Mapped[str | None]
    payer: Mapped[str | None]
    purpose: Mapped[str]
    basis: Mapped[str]
    consent_id: Mapped[UUID | None]
    consent_version: Mapped[int | None]
    notice_version: Mapped[str | None]
    redisclosure: Mapped[str | None]
    recipient_person: Mapped[bytes | None]
    facility: Mapped[bytes | None]
    discloser: Mapped[bytes | None]
    nature: Mapped[str | None]
    reference: Mapped[bytes | None]
    subpoena: Mapped[bytes | None]
    disclosed_by: Mapped[UUID]
    disclosed_at: Mapped[datetime]
    review_due: Mapped[bool]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]
