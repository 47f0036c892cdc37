"""The sites' zones, as the scheduler tells them; zone and payer of a disclosure in its accounting."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1250"
down_revision = "20261130_0830"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_zones",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("site_id", sa.Uuid),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("told_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "site_id", name="site_zones_pkey"),
    )
    # What was published is wall time of it: a site's zone is told once.
    protect("site_zones", "records", grants="select, insert")
    for name in ("zone", "payer"):
        op.add_column("disclosures", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("payer", "zone"):
        op.drop_column("disclosures", name)
    op.drop_table("site_zones")
