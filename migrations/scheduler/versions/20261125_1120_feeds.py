"""Feeds that calendar programs subscribe to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect, share

revision = "20261125_1120"
down_revision = "20261125_1045"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("shows_location", sa.Boolean, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("rotated_at", _INSTANT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("served_at", _INSTANT),
        sa.Column("served", JSONB, nullable=False),
        sa.CheckConstraint("subject in ('patient', 'practitioner', 'room', 'site')", name="feeds_subject_check"),
        sa.CheckConstraint("revision >= 0", name="feeds_revision_check"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="feeds_pkey"),
    )
    op.create_index("feeds_subject_idx", "feeds", ["organization_id", "subject", "subject_id", "id"])
    op.create_table(
        "feed_tokens",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("feed_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="feed_tokens_pkey"),
        sa.UniqueConstraint("organization_id", "feed_id", name="feed_tokens_feed_id_key"),
    )
    protect("feeds", "scheduler")
    share("feed_tokens", "scheduler", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("feed_tokens")
    op.drop_table("feeds")
