"""People who begin together, and are to go on together."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_2020"
down_revision = "20261130_2010"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cohorts",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="cohorts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="cohorts_organization_id_site_id_fkey",
        ),
    )
    protect("cohorts", "scheduler", grants="select, insert")
    op.create_table(
        "cohort_members",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("cohort_id", sa.Uuid, nullable=False),
        sa.Column("joined_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", name="cohort_members_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "cohort_id"],
            ["cohorts.organization_id", "cohorts.id"],
            name="cohort_members_organization_id_cohort_id_fkey",
        ),
    )
    op.create_index("cohort_members_cohort_idx", "cohort_members", ["organization_id", "cohort_id"])
    protect("cohort_members", "scheduler", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("cohort_members")
    op.drop_table("cohorts")
