"""The rows of aftercare; what is agreed, tried and found is sealed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class AftercarePlanRow(Base):
    """What is agreed for the time after an episode; there is one for each."""

    __tablename__ = "aftercare_plans"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        UniqueConstraint("organization_id", "episode_id"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    discharged_on: Mapped[date]
    details: Mapped[bytes]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class AftercareAmendmentRow(Base):
    """What is agreed instead of what was; the application may add amendments and change none."""

    __tablename__ = "aftercare_amendments"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "plan_id"], ["aftercare_plans.organization_id", "aftercare_plans.id"]),
        CheckConstraint("number >= 1", name="number"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    amended_by: Mapped[UUID]
    amended_at: Mapped[datetime]


class AftercareContactRow(Base):
    """One contact so many days after the episode's discharge; only its end is written later."""

    __tablename__ = "aftercare_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "plan_id"], ["aftercare_plans.organization_id", "aftercare_plans.id"]),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        UniqueConstraint("organization_id", "plan_id", "days_after"),
        CheckConstraint("(outcome is null) = (closed_at is null)", name="closed"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    days_after: Mapped[int]
    due_on: Mapped[date]
    """As it was reckoned when aftercare was agreed on; what is due is reckoned from the discharge that holds."""
    outcome: Mapped[bytes | None]
    closed_at: Mapped[datetime | None]


class AftercareAttemptRow(Base):
    """One attempt to reach somebody; the application may add attempts and change none."""

    __tablename__ = "aftercare_attempts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "contact_id"], ["aftercare_contacts.organization_id", "aftercare_contacts.id"]
        ),
        CheckConstraint("number >= 1", name="number"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
