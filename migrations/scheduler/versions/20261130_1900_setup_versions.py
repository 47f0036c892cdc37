"""Keep how sites were set up: what counts from which week on, since when rooms and groups are there, and a site's end.

What was changed before this was written down is taken to have always been as it is.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.operations import protect

revision = "20261130_1900"
down_revision = "20261130_1830"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "setup_versions",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("document", postgresql.JSONB, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("extract(isodow from effective_on) = 1", name="effective_on"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="setup_versions_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "subject_id", "version", name="setup_versions_pkey"),
    )
    op.create_index("setup_versions_site_idx", "setup_versions", ["organization_id", "site_id"])
    protect("setup_versions", "scheduler", grants="select, insert")
    op.add_column("sites", sa.Column("ends_on", sa.Date, nullable=True))
    for table in ("rooms", "group_offerings"):
        op.add_column(table, sa.Column("starts_on", sa.Date, nullable=True))
        op.create_check_constraint(op.f(f"{table}_stay_check"), table, "starts_on < ends_on")
    op.create_check_constraint(
        op.f("group_offerings_starts_on_check"), "group_offerings", "extract(isodow from starts_on) = 1"
    )


def downgrade() -> None:
    for table in ("rooms", "group_offerings"):
        op.drop_column(table, "starts_on")
    op.drop_column("sites", "ends_on")
    op.drop_table("setup_versions")
