"""Organizations that are closed."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1340"
down_revision = "20261130_1300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organizations", sa.Column("closed_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("organizations", "closed_at")
