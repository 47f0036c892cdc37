"""Calendars that stay where they are, and how each source is read again."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1045"
down_revision = "20261125_1042"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.drop_constraint("commitment_sources_kind_check", "commitment_sources")
    op.create_check_constraint("kind", "commitment_sources", "kind in ('file', 'manual', 'url', 'caldav')")
    op.create_table(
        "commitment_polls",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("source_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("attempted_at", _INSTANT),
        sa.Column("outcome", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", _INSTANT),
        sa.Column("access", sa.LargeBinary),
        sa.Column("validators", sa.LargeBinary),
        sa.CheckConstraint("validators is null or access is not null", name="validators"),
        sa.CheckConstraint("(attempted_at is null) = (outcome is null)", name="attempt"),
        sa.CheckConstraint("failures >= 0 and turn > 0", name="counts"),
        sa.ForeignKeyConstraint(
            ["organization_id", "source_id"],
            ["commitment_sources.organization_id", "commitment_sources.id"],
            name="commitment_polls_organization_id_source_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="commitment_polls_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "source_id", name="commitment_polls_pkey"),
    )
    protect("commitment_polls", "scheduler")


def downgrade() -> None:
    op.drop_table("commitment_polls")
    op.execute("delete from commitment_sources where kind in ('url', 'caldav')")
    op.drop_constraint("commitment_sources_kind_check", "commitment_sources")
    op.create_check_constraint("kind", "commitment_sources", "kind in ('file', 'manual')")
