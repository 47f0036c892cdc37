"""The turn of an organization's reminders, so that of several jobs one plans them."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1235"
down_revision = "20261125_1130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notice_providers", sa.Column("reminder_turn", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("notice_providers", "reminder_turn")
