"""The gateway's own audit trail."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1602"
down_revision = "20261129_1601"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("lane", sa.SmallInteger),
        sa.Column("number", sa.BigInteger),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "lane", "number", name="audit_events_pkey"),
    )
    op.create_index(
        "audit_events_event_id_idx", "audit_events", ["organization_id", sa.text("((event::jsonb ->> 'id')::uuid)")]
    )
    # What happened is added, and neither changed nor deleted.
    protect("audit_events", "gateway", grants="select, insert")


def downgrade() -> None:
    op.drop_table("audit_events")
