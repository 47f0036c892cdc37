"""The state of a site, as the scheduler tells it, and the criteria edition that is in force at it from a day on."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261201_1540"
down_revision = "20261201_0728"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site_zones", sa.Column("jurisdiction", sa.Text))
    op.add_column("site_zones", sa.Column("settings_version", sa.Integer, nullable=False, server_default="0"))
    op.create_check_constraint(op.f("site_zones_jurisdiction_check"), "site_zones", "jurisdiction ~ '^US-[A-Z]{2}$'")
    # A zone is told once, and never changes; the state is what somebody sets up.
    op.execute("grant update (jurisdiction, settings_version, told_at) on site_zones to eventide_records_app")
    op.create_table(
        "site_criteria_editions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("set_by", sa.Uuid, nullable=False),
        sa.Column("set_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="site_criteria_editions_pkey"),
    )
    op.create_index(
        op.f("site_criteria_editions_organization_id_site_id_effective_from_idx"),
        "site_criteria_editions",
        ["organization_id", "site_id", "effective_from"],
    )
    protect("site_criteria_editions", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("site_criteria_editions")
    op.execute("revoke update (jurisdiction, settings_version, told_at) on site_zones from eventide_records_app")
    op.drop_constraint(op.f("site_zones_jurisdiction_check"), "site_zones")
    for name in ("settings_version", "jurisdiction"):
        op.drop_column("site_zones", name)
