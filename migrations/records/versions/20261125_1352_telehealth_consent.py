"""The day on which a patient consented to telehealth, as the plan records it; nobody has until it is written down."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1352"
down_revision = "20261125_1330"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_plans", sa.Column("telehealth_consented_on", sa.Date))


def downgrade() -> None:
    op.drop_column("treatment_plans", "telehealth_consented_on")
