"""The rows of plans of care, sealed: versions, and what was done to each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class PlanOfCareRow(Base):
    """One version of a plan; the application may add versions and change none."""

    __tablename__ = "plans_of_care"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        CheckConstraint("version >= 1", name="version"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]
    treatment_plan_version: Mapped[int | None]
    """Of the patient's treatment plan, whose services the version says; null where there was none."""


class PlanActRow(Base):
    """A signature, a review or a certification of a version; the application may add acts and change none."""

    __tablename__ = "plan_of_care_acts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "episode_id", "version"],
            ["plans_of_care.organization_id", "plans_of_care.episode_id", "plans_of_care.version"],
            name="plan_of_care_acts_version_fkey",
        ),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint(
            "kind in ('clinician_signed', 'cosigned', 'patient_signed', 'patient_declined', 'reviewed', 'certified')",
            name="kind",
        ),
        CheckConstraint("kind = 'clinician_signed' or not needs_cosignature", name="supervised"),
        CheckConstraint("took_place_at <= recorded_at", name="order"),
        Index(
            "plan_of_care_acts_clinician_key",
            "organization_id",
            "episode_id",
            "version",
            "recorded_by",
            unique=True,
            postgresql_where=text("kind = 'clinician_signed'"),
        ),
        Index(
            "plan_of_care_acts_cosigner_key",
            "organization_id",
            "episode_id",
            "version",
            unique=True,
            postgresql_where=text("kind = 'cosigned'"),
        ),
        Index(
            "plan_of_care_acts_patient_key",
            "organization_id",
            "episode_id",
            "version",
            unique=True,
            postgresql_where=text("kind = 'patient_signed'"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    kind: Mapped[str]
    details: Mapped[bytes]
    took_place_at: Mapped[datetime]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    needs_cosignature: Mapped[bool]
