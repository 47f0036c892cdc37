"""What records is to be told of who came: written with the revision, delivered afterwards."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1213"
down_revision = "20261129_1134"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_deliveries",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("attendance_id", sa.Uuid),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered_at", sa.TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("organization_id", "attendance_id", name="attendance_deliveries_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "attendance_id"],
            ["attendances.organization_id", "attendances.id"],
            name="attendance_deliveries_organization_id_attendance_id_fkey",
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("attendance_deliveries_attempts_check")),
    )
    protect("attendance_deliveries", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("attendance_deliveries")
