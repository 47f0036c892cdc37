"""Where a patient is during telehealth, as the plan records it."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1425"
down_revision = "20261125_1352"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_plans", sa.Column("telehealth_jurisdiction", sa.Text))


def downgrade() -> None:
    op.drop_column("treatment_plans", "telehealth_jurisdiction")
