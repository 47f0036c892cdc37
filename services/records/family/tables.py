"""The rows of family; who somebody is to the patient, and why a month goes without a session, are sealed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RelatedPersonRow(Base):
    """Somebody close to a patient; only the end is written later."""

    __tablename__ = "related_persons"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "recipient_id"], ["recipients.organization_id", "recipients.id"]),
        Index(None, "organization_id", "patient_id"),
        # When the relation ends, no second entry of it goes on.
        Index(
            "related_persons_standing_key",
            "organization_id",
            "patient_id",
            "recipient_id",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    recipient_id: Mapped[UUID]
    details: Mapped[bytes]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FamilyParticipationRow(Base):
    """That somebody takes part in family sessions or in a multi-family group; only the end is written later."""

    __tablename__ = "family_participations"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "related_person_id"], ["related_persons.organization_id", "related_persons.id"]
        ),
        CheckConstraint("kind in ('family_session', 'multi_family_group')", name="kind"),
        CheckConstraint("(kind = 'multi_family_group') = (promised_on is not null)", name="promised"),
        Index(None, "organization_id", "patient_id"),
        Index(
            "family_participations_standing_key",
            "organization_id",
            "related_person_id",
            "kind",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    related_person_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    kind: Mapped[str]
    patient_agreed_on: Mapped[date]
    promised_on: Mapped[date | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FamilyExemptionRow(Base):
    """A month without family counselling; the application may add one and change none."""

    __tablename__ = "family_exemptions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("extract(day from month) = 1", name="month"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]


class RelatedPersonAccountRow(Base):
    """The account by which a related person signs in: one at a time, and claimed by a code of which a digest is kept.

    An account has one to claim at a time, against which attempts are counted; it may have claimed several before.
    """

    __tablename__ = "related_person_accounts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "related_person_id"], ["related_persons.organization_id", "related_persons.id"]
        ),
        CheckConstraint("until_at > from_at", name="order"),
        CheckConstraint("(until_at is null) = (ended_by is null)", name="end"),
        CheckConstraint("attempts between 0 and 5", name="attempts"),
        Index(
            "related_person_accounts_standing_key",
            "organization_id",
            "related_person_id",
            unique=True,
            postgresql_where=text("until_at is null"),
        ),
        Index(
            "related_person_accounts_to_claim_key",
            "organization_id",
            "account_id",
            unique=True,
            postgresql_where=text("until_at is null and claimed_at is null"),
        ),
        Index(None, "organization_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    related_person_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    account_id: Mapped[UUID]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    code_sha256: Mapped[bytes]
    claim_until: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_at: Mapped[datetime | None]
    linked_by: Mapped[UUID]
    ended_by: Mapped[UUID | None]
