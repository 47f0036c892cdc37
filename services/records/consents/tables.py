"""The rows of consents, authority, rules on minors, and restrictions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

# 42 CFR 2.31(a): no code path can make a consent active that lacks one of these.
WHOLE = (
    "status <> 'active' or (disclosing_party is not null and cardinality(information) > 0"
    " and cardinality(recipient_ids) + cardinality(recipient_kinds) > 0 and cardinality(purposes) > 0"
    " and 'right_to_revoke' = any (statements) and 'consequences_of_refusing' = any (statements)"
    " and (kind <> 'general' or 'redisclosure' = any (statements))"
    " and (expires_on is not null or expires_upon is not null)"
    " and (not names_intermediary or treating_participants or cardinality(participant_ids) > 0)"
    " and jsonb_array_length(signatures) > 0 and not signatures @> '[{\"signed_at\": null}]')"
)
OPEN_END = (
    "status <> 'active' or kind = 'general' or expires_upon is null or expires_upon not in ('none', 'end_of_treatment')"
)
# 42 CFR 2.35(b) wants the period of such a consent; nothing here would notice its end.
LAST_DAY = (
    "status <> 'active' or expires_on is not null or expires_upon is null"
    " or expires_upon not in ('final_disposition', 'end_of_research')"
)
ALONE = (
    "status <> 'active' or ((kind <> 'general' or purposes <@ array['treatment', 'payment', 'operations'])"
    " and (kind <> 'counselling_notes' or information = array['counselling_notes'])"
    " and (kind = 'counselling_notes' or not 'counselling_notes' = any (information))"
    " and (kind <> 'proceedings' or purposes = array['legal_proceedings'])"
    " and (kind = 'proceedings' or not 'legal_proceedings' = any (purposes)))"
)
# 42 CFR 2.31(a)(4)(ii)(B): an intermediary is named itself.
NAMED = "status <> 'active' or not 'intermediary' = any (recipient_kinds)"


class ConsentRow(Base):
    """One version of a consent; the application may add versions and change none."""

    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("status in ('draft', 'active', 'revoked', 'ended', 'false')", name="status"),
        CheckConstraint(WHOLE, name="elements"),
        CheckConstraint(OPEN_END, name="open_end"),
        # Not of those that were made active before: they hold until somebody says that the event has occurred.
        CheckConstraint(LAST_DAY, name="last_day", postgresql_not_valid=True),
        CheckConstraint(ALONE, name="alone"),
        # Not of those that were made active before: no disclosure relies on such a class.
        CheckConstraint(NAMED, name="named", postgresql_not_valid=True),
        CheckConstraint("irrevocable_until is null or kind = 'criminal_justice'", name="irrevocable"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    status: Mapped[str]
    kind: Mapped[str]
    disclosing_party: Mapped[str | None]
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    records_from: Mapped[date | None]
    records_until: Mapped[date | None]
    recipient_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    recipient_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    names_intermediary: Mapped[bool]
    participant_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    treating_participants: Mapped[bool]
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    statements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_on: Mapped[date | None]
    expires_upon: Mapped[str | None]
    irrevocable_until: Mapped[datetime | None]
    signatures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    effective_at: Mapped[datetime]
    evidence_sha256: Mapped[str | None]
    changed_by: Mapped[UUID]
    created_at: Mapped[datetime]


class RepresentativeRow(Base):
    """Somebody's authority to sign for a patient; only its end is written later."""

    __tablename__ = "representatives"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("authority_until > authority_from", name="order"),
        CheckConstraint("ended_until between authority_from and coalesce(authority_until, ended_until)", name="end"),
        CheckConstraint("num_nulls(ended_until, ended_document_sha256, ended_by, ended_at) in (0, 4)", name="ended"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    kind: Mapped[str]
    name: Mapped[bytes | None]
    authority_from: Mapped[datetime]
    authority_until: Mapped[datetime | None]
    document_sha256: Mapped[str]
    created_at: Mapped[datetime]
    ended_until: Mapped[datetime | None]
    ended_document_sha256: Mapped[str | None]
    ended_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]


class MinorConsentRuleRow(Base):
    """What a site's state says of minors from a day on."""

    __tablename__ = "minor_consent_rules"
    __table_args__ = (
        CheckConstraint("alone_from_age is null or alone_from_age < majority_age", name="ages"),
        CheckConstraint("jurisdiction ~ '^US-[A-Z]{2}$'", name="jurisdiction"),
        Index(None, "organization_id", "site_id", "effective_from"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    effective_from: Mapped[date]
    jurisdiction: Mapped[str | None]
    majority_age: Mapped[int]
    alone_from_age: Mapped[int | None]
    citation: Mapped[str]
    created_at: Mapped[datetime]


class RestrictionRow(Base):
    """A restriction that was asked for; from a health plan, of what was paid in full, it cannot be declined."""

    __tablename__ = "restrictions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("decision in ('granted', 'declined')", name="decision"),
        # 42 CFR 2.26(a)(6), 45 CFR 164.522(a)(1)(vi).
        CheckConstraint(
            "decision = 'granted' or not (paid_in_full and 'health_plan' = any (recipient_kinds))", name="paid_in_full"
        ),
        CheckConstraint("records_from <= records_until", name="days"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    information: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    recipient_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    recipient_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    records_from: Mapped[date | None]
    records_until: Mapped[date | None]
    paid_in_full: Mapped[bool]
    decision: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
