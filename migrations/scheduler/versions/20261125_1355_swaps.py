"""Exchanges of seats that were made; rows that are added and never changed."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1355"
down_revision = "20261125_1352"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "swaps",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("first_appointment_id", sa.Uuid, nullable=False),
        sa.Column("first_patient_id", sa.Uuid, nullable=False),
        sa.Column("second_appointment_id", sa.Uuid, nullable=False),
        sa.Column("second_patient_id", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("swapped_by", sa.Uuid, nullable=False),
        sa.Column("swapped_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint("first_appointment_id <> second_appointment_id", name="sessions"),
        sa.CheckConstraint("first_patient_id <> second_patient_id", name="patients"),
        sa.CheckConstraint(
            "reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', 'entered_in_error')",
            name="reason",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="swaps_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "first_appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="swaps_organization_id_first_appointment_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "second_appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="swaps_organization_id_second_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="swaps_pkey"),
    )
    op.create_index("swaps_site_idx", "swaps", ["organization_id", "site_id", "id"])
    protect("swaps", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("swaps")
