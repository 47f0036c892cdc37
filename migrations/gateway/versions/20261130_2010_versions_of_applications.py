"""Versions of applications, so that who confirms one names what was looked at."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_2010"
down_revision = "20261130_1650"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("oauth_clients", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))


def downgrade() -> None:
    op.drop_column("oauth_clients", "version")
