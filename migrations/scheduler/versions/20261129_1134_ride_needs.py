"""Rides that come with a booking, and why somebody who needs one comes without."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1134"
down_revision = "20261129_1049"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.alter_column("rides", "area", nullable=True)
    op.create_table(
        "ride_waivers",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("session_start", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("waived_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "reason in ('own_ride', 'family_drives', 'public_transit', 'payer_arranges', 'patient_declines')",
            name="reason",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="ride_waivers_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="ride_waivers_pkey"),
    )
    op.create_index("ride_waivers_appointment_idx", "ride_waivers", ["organization_id", "appointment_id", "patient_id"])
    protect("ride_waivers", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("ride_waivers")
    op.execute("update rides set area = '' where area is null")
    op.alter_column("rides", "area", nullable=False)
