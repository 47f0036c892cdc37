"""The rows of the relations that let somebody of the programme see a patient."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class CareTeamMemberRow(Base):
    """One account in one patient's care team, for a time; an account is in it once at a time."""

    __tablename__ = "care_team_members"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("until_at > from_at", name="order"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            ("account_id", "="),
            (func.tstzrange(text("from_at"), text("until_at")), "&&"),
            name="care_team_members_once_excl",
            using="gist",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    account_id: Mapped[UUID]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class SiteMemberRow(Base):
    """One account at one site, for a time: it sees every patient who is treated there."""

    __tablename__ = "site_members"
    __table_args__ = (
        CheckConstraint("until_at > from_at", name="order"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("site_id", "="),
            ("account_id", "="),
            (func.tstzrange(text("from_at"), text("until_at")), "&&"),
            name="site_members_once_excl",
            using="gist",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    account_id: Mapped[UUID]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class EmergencyAccessRow(Base):
    """A glass that was broken: who opened whose record, why, and until when; it waits to be reviewed."""

    __tablename__ = "emergency_accesses"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("until_at > opened_at", name="order"),
        CheckConstraint("(reviewed_at is null) = (reviewed_by is null)", name="review"),
        CheckConstraint("reviewed_by <> account_id", name="reviewer"),
        Index(None, "organization_id", "patient_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    account_id: Mapped[UUID]
    nature: Mapped[str]
    reason: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed for the patient; None of those from before there was one."""
    opened_at: Mapped[datetime]
    until_at: Mapped[datetime]
    reviewed_by: Mapped[UUID | None]
    reviewed_at: Mapped[datetime | None]


class UntoldEmergencyRow(Base):
    """A broken glass of which those who lead are not told yet, as far as anybody knows; the row goes when they are.

    It names no patient. It spans organizations, so that what tells in the background need not go through all of them.
    """

    __tablename__ = "untold_emergencies"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The id of the access."""
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    """When it is to be told of, unless it has been by then."""
