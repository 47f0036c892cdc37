"""Where a solve stands among those of weeks that were asked for together."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1430"
down_revision = "20261125_1425"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("solves", sa.Column("batch_id", sa.Uuid))
    op.add_column("solves", sa.Column("batch_number", sa.Integer))
    op.create_check_constraint("batch", "solves", "(batch_id is null) = (batch_number is null)")
    op.create_index("solves_batch_key", "solves", ["organization_id", "batch_id", "batch_number"], unique=True)


def downgrade() -> None:
    op.drop_index("solves_batch_key", table_name="solves")
    op.drop_constraint("solves_batch_check", "solves")
    op.drop_column("solves", "batch_number")
    op.drop_column("solves", "batch_id")
