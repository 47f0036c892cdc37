"""An emergency that records tells of twice is one."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261201_0740"
down_revision = "20261130_2010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "emergency_events",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="emergency_events_pkey"),
    )
    protect("emergency_events", "gateway", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("emergency_events")
