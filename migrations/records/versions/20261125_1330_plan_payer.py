"""Who pays for a patient's plan, because payers ask things of a week."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1330"
down_revision = "20261125_1115"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_plans", sa.Column("payer", sa.Text))


def downgrade() -> None:
    op.drop_column("treatment_plans", "payer")
