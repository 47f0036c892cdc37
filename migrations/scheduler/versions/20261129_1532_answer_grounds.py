"""On what a stored answer was given, because it has to hold again before the answer is given again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261129_1532"
down_revision = "20261129_1531"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("grounds", JSONB))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "grounds")
