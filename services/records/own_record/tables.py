"""The rows of patients' accounts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

_TIME = (func.tstzrange(text("from_at"), text("until_at")), "&&")


class PatientAccountRow(Base):
    """The account by which one patient signs in, for a time: one at a time, and of nobody else meanwhile.

    It reads nothing until it is claimed by the code of which a digest is kept.
    """

    __tablename__ = "patient_accounts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("until_at > from_at", name="order"),
        CheckConstraint("(until_at is null) = (ended_by is null)", name="end"),
        CheckConstraint("attempts between 0 and 5", name="attempts"),
        CheckConstraint("claimed_at is not null or code_sha256 is not null", name="claim"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            _TIME,
            name="patient_accounts_one_account_excl",
            using="gist",
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("account_id", "="),
            _TIME,
            name="patient_accounts_one_patient_excl",
            using="gist",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    account_id: Mapped[UUID]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    code_sha256: Mapped[bytes | None]
    claim_until: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_at: Mapped[datetime | None]
    linked_by: Mapped[UUID]
    ended_by: Mapped[UUID | None]
