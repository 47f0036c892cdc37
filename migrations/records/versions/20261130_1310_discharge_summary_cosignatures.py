"""Discharge summaries that are signed under supervision, and the signature of who answers for them."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1310"
down_revision = "20261130_1250"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was signed before needs none: until now who is supervised could sign none.
    op.add_column(
        "discharge_summaries", sa.Column("needs_cosignature", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.alter_column("discharge_summaries", "needs_cosignature", server_default=None)
    op.create_table(
        "summary_cosignatures",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("cosigned_by", sa.Uuid, nullable=False),
        sa.Column("cosigned_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "version", name="summary_cosignatures_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id", "version"],
            ["discharge_summaries.organization_id", "discharge_summaries.episode_id", "discharge_summaries.version"],
            name="summary_cosignatures_organization_id_episode_id_version_fkey",
        ),
    )
    # A signature is given, and neither changed nor taken away.
    protect("summary_cosignatures", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("summary_cosignatures")
    op.drop_column("discharge_summaries", "needs_cosignature")
