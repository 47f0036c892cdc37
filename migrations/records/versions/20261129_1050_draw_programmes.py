"""Draw programmes: the terms of random test days, what was committed to, and the sealed seed of their keys."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1050"
down_revision = "20261129_1045"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "draw_programmes",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("specimen", sa.Text, nullable=False),
        sa.Column("call_days", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("hazard_tests", sa.Integer, nullable=False),
        sa.Column("hazard_opportunities", sa.Integer, nullable=False),
        sa.Column("cap_days", sa.Integer),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("release_at", sa.Time, nullable=False),
        sa.Column("report_within_minutes", sa.Integer),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("ended_on", sa.Date),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", "version", name="draw_programmes_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="draw_programmes_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("version >= 1", name=op.f("draw_programmes_version_check")),
        sa.CheckConstraint("specimen in ('urine', 'oral_fluid')", name=op.f("draw_programmes_specimen_check")),
        sa.CheckConstraint(
            "hazard_tests > 0 and hazard_tests < hazard_opportunities", name=op.f("draw_programmes_hazard_check")
        ),
        sa.CheckConstraint("cap_days > 0", name=op.f("draw_programmes_cap_check")),
        sa.CheckConstraint("cardinality(call_days) > 0", name=op.f("draw_programmes_call_days_check")),
        sa.CheckConstraint(
            "ends_on >= starts_on and ends_on < starts_on + 366", name=op.f("draw_programmes_length_check")
        ),
        sa.CheckConstraint("ended_on >= starts_on - 1 and ended_on <= ends_on", name=op.f("draw_programmes_end_check")),
    )
    # A patient has one programme at a time; a version that never began has no day at all.
    op.execute(
        "alter table draw_programmes add constraint draw_programmes_one_excl exclude using gist "
        "(organization_id with =, patient_id with =, daterange(starts_on, coalesce(ended_on, ends_on) + 1) with &&)"
    )
    op.create_index(
        "draw_programmes_organization_id_patient_id_idx", "draw_programmes", ["organization_id", "patient_id"]
    )
    # What was committed to is never changed; a version may end before its planned last day.
    protect("draw_programmes", "records", grants="select, insert, update (ended_on)")


def downgrade() -> None:
    op.drop_table("draw_programmes")
