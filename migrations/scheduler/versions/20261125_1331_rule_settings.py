"""What binds a site: its state, its payers, what was adopted and the organization's own figures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261125_1331"
down_revision = "20261125_1300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rule_settings",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("settings", JSONB, nullable=False),
        sa.Column("changed_by", sa.Uuid, nullable=False),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="version"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="rule_settings_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "site_id", "version", name="rule_settings_pkey"),
    )
    protect("rule_settings", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("rule_settings")
