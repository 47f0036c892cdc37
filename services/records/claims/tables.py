"""The rows of charges; lines are none, since they are computed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class PayerContractRow(Base):
    """How a payer pays from a day on; the application may add and change none."""

    __tablename__ = "payer_contracts"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    payer: Mapped[str] = mapped_column(primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    method: Mapped[str]
    requires_authorization: Mapped[bool]
    source: Mapped[str]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class ChargeRateRow(Base):
    """What a payer pays for a unit of a code from a day on; the application may add and change none."""

    __tablename__ = "charge_rates"
    __table_args__ = (CheckConstraint("amount_cents > 0", name="amount"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    payer: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    amount_cents: Mapped[int]
    source: Mapped[str]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class PayerAuthorizationRow(Base):
    """What a payer has authorized for a patient; payer, number, code and units are sealed."""

    __tablename__ = "payer_authorizations"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("until_on >= from_on", name="order"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    from_on: Mapped[date]
    until_on: Mapped[date]
    details: Mapped[bytes]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]


class PartialStayRow(Base):
    """Days of partial hospitalization that were claimed for a patient."""

    __tablename__ = "partial_stays"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("until_on >= from_on", name="order"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    from_on: Mapped[date]
    until_on: Mapped[date]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
