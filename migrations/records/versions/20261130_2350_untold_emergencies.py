"""Of which broken glass those who lead are still to be told; what was opened before counts as told."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261130_2350"
down_revision = "20261130_2125"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "untold_emergencies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="untold_emergencies_pkey"),
    )
    op.create_index("untold_emergencies_due_at_idx", "untold_emergencies", ["due_at"])
    share("untold_emergencies", "records")


def downgrade() -> None:
    op.drop_table("untold_emergencies")
