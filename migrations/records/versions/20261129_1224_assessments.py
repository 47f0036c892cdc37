"""Assessments with every version of them, the safety tasks that dangerous answers set going, and their answers."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1224"
down_revision = "20261129_1217"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_ADDED_ONLY = "select, insert"


def upgrade() -> None:
    _create_tasks()
    _create_answers()
    _create_assessments()


def downgrade() -> None:
    for table in ("assessments", "safety_answers", "safety_tasks"):
        op.drop_table(table)


def _of_patient(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "patient_id"],
        ["patients.organization_id", "patients.id"],
        name=f"{table}_organization_id_patient_id_fkey",
    )


def _create_tasks() -> None:
    op.create_table(
        "safety_tasks",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("assessment_id", sa.Uuid, nullable=False),
        sa.Column("assessment_version", sa.Integer, nullable=False),
        sa.Column("urgency", sa.Text, nullable=False),
        sa.Column("findings", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="safety_tasks_pkey"),
        _of_patient("safety_tasks"),
        sa.CheckConstraint("urgency in ('prompt', 'acute')", name=op.f("safety_tasks_urgency_check")),
        sa.CheckConstraint("due_at >= created_at", name=op.f("safety_tasks_due_check")),
    )
    op.create_index(
        "safety_tasks_organization_id_assessment_id_idx", "safety_tasks", ["organization_id", "assessment_id"]
    )
    op.create_index("safety_tasks_patient_idx", "safety_tasks", ["organization_id", "patient_id"])
    protect("safety_tasks", "records", grants=_ADDED_ONLY)


def _create_answers() -> None:
    op.create_table(
        "safety_answers",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("task_id", sa.Uuid),
        sa.Column("told_account_id", sa.Uuid, nullable=False),
        sa.Column("told_at", _INSTANT, nullable=False),
        sa.Column("steps", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("note", sa.LargeBinary),
        sa.Column("answered_by", sa.Uuid, nullable=False),
        sa.Column("answered_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "task_id", name="safety_answers_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "task_id"],
            ["safety_tasks.organization_id", "safety_tasks.id"],
            name="safety_answers_organization_id_task_id_fkey",
        ),
        sa.CheckConstraint("cardinality(steps) > 0", name=op.f("safety_answers_steps_check")),
        sa.CheckConstraint("told_at <= answered_at", name=op.f("safety_answers_told_check")),
    )
    protect("safety_answers", "records", grants=_ADDED_ONLY)


def _create_assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("instrument_id", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("administered_at", _INSTANT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("is_dangerous", sa.Boolean, nullable=False),
        sa.Column("answered_task_id", sa.Uuid),
        sa.Column("amendment_reason", sa.Text),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", "version", name="assessments_pkey"),
        _of_patient("assessments"),
        sa.ForeignKeyConstraint(
            ["organization_id", "answered_task_id"],
            ["safety_answers.organization_id", "safety_answers.task_id"],
            name="assessments_organization_id_answered_task_id_fkey",
        ),
        sa.CheckConstraint("version >= 1", name=op.f("assessments_version_check")),
        sa.CheckConstraint(
            "status in ('in-progress', 'completed', 'amended', 'entered-in-error')",
            name=op.f("assessments_status_check"),
        ),
        sa.CheckConstraint(
            "amendment_reason in ('entered_in_error', 'new_information')",
            name=op.f("assessments_amendment_reason_check"),
        ),
        # A dangerous answer is acted on before anybody can close what it was given in.
        sa.CheckConstraint(
            "status = 'in-progress' or not is_dangerous or answered_task_id is not null",
            name=op.f("assessments_answered_check"),
        ),
    )
    op.create_index(
        "assessments_organization_id_patient_id_idx", "assessments", ["organization_id", "patient_id", "instrument_id"]
    )
    protect("assessments", "records", grants=_ADDED_ONLY)
