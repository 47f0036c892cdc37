"""Whether a patient comes by the programme's vehicles, as the plan records it."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_1217"
down_revision = "20261129_1150"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "treatment_plans", sa.Column("needs_transport", sa.Boolean, nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("treatment_plans", "needs_transport")
