"""Since when somebody who was sent to a provider must have been authenticated there."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1440"
down_revision = "20261130_1340"
branch_labels = None
depends_on = None

_TABLE = "provider_requests"


def upgrade() -> None:
    # Whoever is under way is authenticated anew: what was asked for them is not known any more.
    column = sa.Column("authenticated_after", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now())
    op.add_column(_TABLE, column)
    op.alter_column(_TABLE, "authenticated_after", server_default=None)


def downgrade() -> None:
    op.drop_column(_TABLE, "authenticated_after")
