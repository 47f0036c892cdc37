"""The rows of notices of privacy practices and of who was given which."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

_ACTIVE: Final = text("status = 'active'")
# 42 CFR 2.22(b)(1): no code path can make a notice active that lacks one of these.
WHOLE: Final = (
    "status <> 'active' or (effective_on is not null and passages ?& array['header', 'uses_without_consent',"
    " 'more_stringent_law', 'uses_with_consent', 'single_consent', 'redisclosure', 'proceedings', 'right_to_restrict',"
    " 'right_to_accounting', 'right_to_intermediary_list', 'right_to_copy', 'right_to_discuss',"
    " 'right_to_refuse_fundraising', 'right_of_access', 'right_to_confidential_communication', 'duty_to_protect',"
    " 'duty_to_abide', 'right_to_change_terms', 'complaints', 'contact']"
    " and (not fundraises or passages ? 'fundraising'))"
)
SETTLED: Final = (
    "(outcome = 'acknowledged' and document_sha256 is not null and reason is null)"
    " or (outcome = 'not_obtained' and document_sha256 is null and reason is not null"
    " and (cardinality(efforts) > 0 or reason = 'emergency'))"
)


class PrivacyNoticeRow(Base):
    """One version of a notice; the application may add versions and change none."""

    __tablename__ = "privacy_notices"
    __table_args__ = (
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("status in ('draft', 'active')", name="status"),
        CheckConstraint(WHOLE, name="elements"),
        Index(
            "privacy_notices_active_key",
            "organization_id",
            "language",
            "effective_on",
            unique=True,
            postgresql_where=_ACTIVE,
        ),
        Index("privacy_notices_once_key", "organization_id", "id", unique=True, postgresql_where=_ACTIVE),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    language: Mapped[str]
    fundraises: Mapped[bool]
    passages: Mapped[dict[str, Any]] = mapped_column(JSONB)
    effective_on: Mapped[date | None]
    changed_by: Mapped[UUID]
    created_at: Mapped[datetime]


class PrivacyNoticeReceiptRow(Base):
    """That a patient was given a notice; the application adds them and changes none."""

    __tablename__ = "privacy_notice_receipts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "notice_id", "notice_version"],
            ["privacy_notices.organization_id", "privacy_notices.id", "privacy_notices.version"],
            name="privacy_notice_receipts_notice_fkey",
        ),
        CheckConstraint("given_at <= recorded_at", name="order"),
        CheckConstraint(SETTLED, name="acknowledgement"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    notice_id: Mapped[UUID]
    notice_version: Mapped[int]
    method: Mapped[str]
    given_at: Mapped[datetime]
    outcome: Mapped[str]
    document_sha256: Mapped[str | None]
    efforts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
