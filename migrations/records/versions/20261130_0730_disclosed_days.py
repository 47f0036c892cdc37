"""The days that a disclosure was asked for, in its accounting."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0730"
down_revision = "20261130_0710"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("records_from", "records_until"):
        op.add_column("disclosures", sa.Column(name, sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("disclosures_records_check"),
        "disclosures",
        sa.text("records_from <= records_until"),
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("disclosures_records_check"), "disclosures", type_="check")
    for name in ("records_until", "records_from"):
        op.drop_column("disclosures", name)
