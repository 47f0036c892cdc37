"""What fell out of several weeks, written down together."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_1531"
down_revision = "20261129_1530"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disruptions", sa.Column("batch_id", sa.Uuid))
    op.create_index("disruptions_batch_key", "disruptions", ["organization_id", "batch_id", "week"], unique=True)


def downgrade() -> None:
    op.drop_index("disruptions_batch_key", table_name="disruptions")
    op.drop_column("disruptions", "batch_id")
