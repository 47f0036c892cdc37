"""Drug tests and the sealed steps of each, between the draw and the talk with the patient."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1120"
down_revision = "20261129_1050"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)

_STATUSES = (
    "('drawn', 'notified', 'reported', 'late', 'no_show', 'refused', 'unable', 'excused', 'collected', 'assessed',"
    " 'presumptive', 'definitive', 'reconciled', 'reviewed')"
)
_STEPS = (
    "(before, after) in (('drawn', 'notified'), ('notified', 'reported'), ('notified', 'late'), ('no_show', 'late'),"
    " ('no_show', 'reported'), ('notified', 'no_show'), ('notified', 'refused'), ('reported', 'refused'),"
    " ('late', 'refused'), ('unable', 'refused'), ('reported', 'unable'), ('late', 'unable'), ('drawn', 'excused'),"
    " ('notified', 'excused'), ('no_show', 'excused'), ('late', 'excused'), ('unable', 'excused'),"
    " ('reported', 'collected'), ('late', 'collected'), ('unable', 'collected'), ('collected', 'collected'),"
    " ('assessed', 'assessed'), ('presumptive', 'presumptive'), ('collected', 'assessed'),"
    " ('assessed', 'presumptive'), ('assessed', 'definitive'), ('presumptive', 'definitive'),"
    " ('reconciled', 'definitive'), ('presumptive', 'reconciled'), ('definitive', 'reconciled'),"
    " ('no_show', 'reviewed'), ('refused', 'reviewed'), ('unable', 'reviewed'), ('excused', 'reviewed'),"
    " ('assessed', 'reviewed'), ('reconciled', 'reviewed'))"
)


def upgrade() -> None:
    op.create_table(
        "drug_tests",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("programme_version", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("due_at", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="drug_tests_pkey"),
        sa.UniqueConstraint(
            "organization_id", "programme_id", "day", name="drug_tests_organization_id_programme_id_day_key"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="drug_tests_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "programme_id", "programme_version"],
            ["draw_programmes.organization_id", "draw_programmes.id", "draw_programmes.version"],
            name="drug_tests_organization_id_programme_id_programme_version_fkey",
        ),
        sa.CheckConstraint(f"status in {_STATUSES}", name=op.f("drug_tests_status_check")),
        sa.CheckConstraint("version >= 1", name=op.f("drug_tests_version_check")),
        sa.CheckConstraint(
            "status in ('drawn', 'excused', 'reviewed') or due_at is not null", name=op.f("drug_tests_due_check")
        ),
    )
    op.create_index("drug_tests_organization_id_patient_id_idx", "drug_tests", ["organization_id", "patient_id"])
    protect("drug_tests", "records", grants="select, insert, update (status, version, due_at)")
    op.create_table(
        "drug_test_steps",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("test_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "test_id", "number", name="drug_test_steps_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "test_id"],
            ["drug_tests.organization_id", "drug_tests.id"],
            name="drug_test_steps_organization_id_test_id_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("drug_test_steps_number_check")),
        sa.CheckConstraint(_STEPS, name=op.f("drug_test_steps_transition_check")),
    )
    # What was recorded is added to, never changed.
    protect("drug_test_steps", "records", grants="select, insert")


def downgrade() -> None:
    for table in ("drug_test_steps", "drug_tests"):
        op.drop_table(table)
