"""Scarce seats that are kept for people with few choices, and who was given one all the same."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1410"
down_revision = "20261125_1355"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_seats_rules",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("parts", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("release_minutes", sa.Integer, nullable=False),
        sa.Column("few_choices", sa.Integer, nullable=False),
        sa.CheckConstraint("seats > 0 and release_minutes >= 0 and few_choices >= 0", name="amounts"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="held_seats_rules_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "site_id", name="held_seats_rules_pkey"),
    )
    op.create_table(
        "held_seat_overrides",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Uuid, nullable=False),
        sa.Column("decided_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("reason in ('clinical', 'court', 'safety', 'new_commitment', 'transport')", name="reason"),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="held_seat_overrides_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="held_seat_overrides_pkey"),
    )
    protect("held_seats_rules", "scheduler", grants="select, insert, update")
    protect("held_seat_overrides", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("held_seat_overrides")
    op.drop_table("held_seats_rules")
