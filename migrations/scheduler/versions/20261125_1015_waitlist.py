"""The waitlist: who waits for a seat at a site."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261125_1015"
down_revision = "20261123_1310"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "waitlist_entries",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("windows", JSONB, nullable=False),
        sa.Column("priority_facts", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT),
        sa.CheckConstraint("status in ('waiting', 'placed', 'removed')", name="status"),
        sa.CheckConstraint(
            "reason in ('declined', 'unreachable', 'no_longer_needed', 'treated_elsewhere', 'died', "
            "'entered_in_error')",
            name="reason",
        ),
        sa.CheckConstraint("(reason is not null) = (status = 'removed')", name="removed"),
        sa.CheckConstraint("(closed_at is null) = (status = 'waiting')", name="closed"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="waitlist_entries_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="waitlist_entries_pkey"),
    )
    op.create_index(
        "waitlist_entries_once_key",
        "waitlist_entries",
        ["organization_id", "site_id", "patient_id", "service"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    protect("waitlist_entries", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("waitlist_entries")
