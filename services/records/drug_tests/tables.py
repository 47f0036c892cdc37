"""The rows of drug tests and of their steps; what a step says is sealed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

STATUSES = (
    "('drawn', 'notified', 'reported', 'late', 'no_show', 'refused', 'unable', 'excused', 'collected', 'assessed',"
    " 'presumptive', 'definitive', 'reconciled', 'reviewed')"
)
# The transition table once more, where no code can go past it; a test holds the two against each other.
STEPS = (
    "(before, after) in (('drawn', 'notified'), ('notified', 'reported'), ('notified', 'late'), ('no_show', 'late'),"
    " ('no_show', 'reported'), ('notified', 'no_show'), ('notified', 'refused'), ('reported', 'refused'),"
    " ('late', 'refused'), ('unable', 'refused'), ('reported', 'unable'), ('late', 'unable'), ('drawn', 'excused'),"
    " ('notified', 'excused'), ('no_show', 'excused'), ('late', 'excused'), ('unable', 'excused'),"
    " ('reported', 'collected'), ('late', 'collected'), ('unable', 'collected'), ('collected', 'collected'),"
    " ('assessed', 'assessed'), ('presumptive', 'presumptive'), ('reconciled', 'reconciled'),"
    " ('reviewed', 'reviewed'), ('collected', 'assessed'), ('assessed', 'presumptive'), ('assessed', 'definitive'),"
    " ('presumptive', 'definitive'), ('reconciled', 'definitive'), ('reviewed', 'definitive'),"
    " ('presumptive', 'reconciled'), ('definitive', 'reconciled'),"
    " ('no_show', 'reviewed'), ('refused', 'reviewed'), ('unable', 'reviewed'), ('excused', 'reviewed'),"
    " ('assessed', 'reviewed'), ('reconciled', 'reviewed'))"
)


class DrugTestRow(Base):
    """A drawn day that was taken up, and where it stands; a day of a programme is taken up once."""

    __tablename__ = "drug_tests"
    __table_args__ = (
        UniqueConstraint("organization_id", "programme_id", "day"),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "programme_id", "programme_version"],
            ["draw_programmes.organization_id", "draw_programmes.id", "draw_programmes.version"],
        ),
        CheckConstraint(f"status in {STATUSES}", name="status"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("status in ('drawn', 'excused', 'reviewed') or due_at is not null", name="due"),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    programme_id: Mapped[UUID]
    programme_version: Mapped[int]
    day: Mapped[date]
    status: Mapped[str]
    version: Mapped[int]
    due_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    awaits_confirmation: Mapped[bool] = mapped_column(server_default=false())
    """Whether the patient disputes what no definitive test shows, or the specimen was handed on after the review."""


class DrugTestStepRow(Base):
    """One step of a test; the application may add steps and change none."""

    __tablename__ = "drug_test_steps"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "test_id"], ["drug_tests.organization_id", "drug_tests.id"]),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint(STEPS, name="transition"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    test_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    before: Mapped[str]
    after: Mapped[str]
    details: Mapped[bytes]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
