"""Whom to ask when a hold lapses, as records said when the seat was held; gone once the hold is over."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261129_1049"
down_revision = "20261125_1450"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hold_lapses",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("lapses_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seatings", JSONB, nullable=False),
        sa.UniqueConstraint("organization_id", "appointment_id", "patient_id", name="hold_lapses_patient_id_key"),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="hold_lapses_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="hold_lapses_pkey"),
    )
    protect("hold_lapses", "scheduler")


def downgrade() -> None:
    op.drop_table("hold_lapses")
