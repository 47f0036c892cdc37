"""What records refuses again and again is set aside, until somebody has it told again."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_1530"
down_revision = "20261129_1213"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attendance_deliveries", sa.Column("refusals", sa.Integer, nullable=False, server_default="0"))
    op.alter_column("attendance_deliveries", "refusals", server_default=None)
    op.add_column("attendance_deliveries", sa.Column("parked_at", sa.TIMESTAMP(timezone=True)))
    op.add_column("attendance_deliveries", sa.Column("refusal", sa.Text))
    op.create_check_constraint(
        op.f("attendance_deliveries_refusals_check"),
        "attendance_deliveries",
        "refusals >= 0 and refusals <= attempts",
    )
    op.create_check_constraint(
        op.f("attendance_deliveries_parked_check"),
        "attendance_deliveries",
        "(parked_at is not null) = (refusal is not null) and not (parked_at is not null and delivered_at is not null)",
    )
    op.create_index(
        "attendance_deliveries_parked_idx",
        "attendance_deliveries",
        ["organization_id", "attendance_id"],
        postgresql_where=sa.text("parked_at is not null"),
    )


def downgrade() -> None:
    op.drop_index("attendance_deliveries_parked_idx", "attendance_deliveries")
    op.drop_constraint(op.f("attendance_deliveries_parked_check"), "attendance_deliveries")
    op.drop_constraint(op.f("attendance_deliveries_refusals_check"), "attendance_deliveries")
    for column in ("refusal", "parked_at", "refusals"):
        op.drop_column("attendance_deliveries", column)
