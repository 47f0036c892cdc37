"""Which key a code must be redeemed with."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0655"
down_revision = "20261130_0610"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("authorization_codes", sa.Column("proof_key", sa.Text()))


def downgrade() -> None:
    op.drop_column("authorization_codes", "proof_key")
