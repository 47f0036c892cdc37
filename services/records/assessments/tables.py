"""The rows of assessments, and of what dangerous answers set going; all of them are added and none is changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base

# No code path can close an assessment whose danger nobody has answered.
ANSWERED = "status = 'in-progress' or not is_dangerous or answered_task_id is not null"


class AssessmentRow(Base):
    """One version of an assessment; the content is sealed."""

    __tablename__ = "assessments"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "answered_task_id"], ["safety_answers.organization_id", "safety_answers.task_id"]
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("status in ('in-progress', 'completed', 'amended', 'entered-in-error')", name="status"),
        CheckConstraint("amendment_reason in ('entered_in_error', 'new_information')", name="amendment_reason"),
        CheckConstraint(ANSWERED, name="answered"),
        Index(None, "organization_id", "patient_id", "instrument_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    instrument_id: Mapped[str]
    edition: Mapped[str]
    status: Mapped[str]
    administered_at: Mapped[datetime]
    content: Mapped[bytes]
    is_dangerous: Mapped[bool]
    answered_task_id: Mapped[UUID | None]
    amendment_reason: Mapped[str | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]


class SafetyTaskRow(Base):
    """What somebody must act on; what was found is sealed."""

    __tablename__ = "safety_tasks"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("urgency in ('prompt', 'acute')", name="urgency"),
        CheckConstraint("due_at >= created_at", name="due"),
        Index(None, "organization_id", "assessment_id"),
        Index("safety_tasks_patient_idx", "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    assessment_id: Mapped[UUID]
    assessment_version: Mapped[int]
    urgency: Mapped[str]
    findings: Mapped[bytes]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]


class SafetyAnswerRow(Base):
    """Who was told of a danger, when, and what was done; one for each task, and the note is sealed."""

    __tablename__ = "safety_answers"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "task_id"], ["safety_tasks.organization_id", "safety_tasks.id"]),
        CheckConstraint("cardinality(steps) > 0", name="steps"),
        CheckConstraint("told_at <= answered_at", name="told"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    told_account_id: Mapped[UUID]
    told_at: Mapped[datetime]
    steps: Mapped[list[str]] = mapped_column(ARRAY(Text))
    note: Mapped[bytes | None]
    answered_by: Mapped[UUID]
    answered_at: Mapped[datetime]
