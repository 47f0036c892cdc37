"""Who wrote each version of a treatment plan; of what was written before this nobody knows it."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_0400"
down_revision = "20261201_0330"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_plans", sa.Column("written_by", sa.Uuid))


def downgrade() -> None:
    op.drop_column("treatment_plans", "written_by")
