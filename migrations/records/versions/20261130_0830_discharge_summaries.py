"""Discharge summaries, each in signed versions."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_0830"
down_revision = "20261130_0800"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discharge_summaries",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("signed_by", sa.Uuid, nullable=False),
        sa.Column("signed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "version", name="discharge_summaries_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id"],
            ["episodes.organization_id", "episodes.id"],
            name="discharge_summaries_organization_id_episode_id_fkey",
        ),
        sa.CheckConstraint("version >= 1", name=op.f("discharge_summaries_version_check")),
    )
    # What was signed is added to, and neither changed nor deleted.
    protect("discharge_summaries", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("discharge_summaries")
