"""Seats of a kind of group that are kept from week to week for people with few choices."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_2204"
down_revision = "20261129_1532"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "weekly_held_seats_rules",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("group_offering_id", sa.Uuid, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("release_days", sa.Integer, nullable=False),
        sa.Column("first_week", sa.Date),
        sa.Column("last_week", sa.Date),
        sa.Column("few_choices", sa.Integer, nullable=False),
        sa.CheckConstraint("seats > 0 and few_choices >= 0", name="amounts"),
        sa.CheckConstraint("release_days between -6 and 60", name="release"),
        sa.CheckConstraint(
            "extract(isodow from first_week) = 1 and extract(isodow from last_week) = 1 and first_week <= last_week",
            name="weeks",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="weekly_held_seats_rules_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_offering_id"],
            ["group_offerings.organization_id", "group_offerings.id"],
            name="weekly_held_seats_rules_organization_id_group_offering_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "site_id", "group_offering_id", name="weekly_held_seats_rules_pkey"),
    )
    protect("weekly_held_seats_rules", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("weekly_held_seats_rules")
