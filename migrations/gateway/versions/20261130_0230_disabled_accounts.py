"""Since when a person may not sign in to an organization any more."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0230"
down_revision = "20261129_2210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workplaces", sa.Column("disabled_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("workplaces", "disabled_at")
