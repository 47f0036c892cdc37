"""Corrections of discharges, and of what is agreed for the time after them."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261201_1640"
down_revision = "20261201_1610"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discharge_corrections",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("discharged_on", sa.Date, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("corrected_by", sa.Uuid, nullable=False),
        sa.Column("corrected_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "version", name="discharge_corrections_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id"],
            ["episodes.organization_id", "episodes.id"],
            name="discharge_corrections_organization_id_episode_id_fkey",
        ),
    )
    protect("discharge_corrections", "records", grants="select, insert")
    op.create_table(
        "aftercare_amendments",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("plan_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("amended_by", sa.Uuid, nullable=False),
        sa.Column("amended_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "plan_id", "number", name="aftercare_amendments_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "plan_id"],
            ["aftercare_plans.organization_id", "aftercare_plans.id"],
            name="aftercare_amendments_organization_id_plan_id_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("aftercare_amendments_number_check")),
    )
    protect("aftercare_amendments", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("aftercare_amendments")
    op.drop_table("discharge_corrections")
