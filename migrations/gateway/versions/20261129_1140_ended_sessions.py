"""Sessions that are ended before they expire, and the tokens refused for it."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261129_1140"
down_revision = "20261123_1200"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("login_sessions", sa.Column("ended_at", _INSTANT))
    op.create_index(
        "login_sessions_organization_id_account_id_idx", "login_sessions", ["organization_id", "account_id"]
    )
    op.create_table(
        "ended_tokens",
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="ended_tokens_pkey"),
    )
    share("ended_tokens", "gateway", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("ended_tokens")
    op.drop_index("login_sessions_organization_id_account_id_idx", "login_sessions")
    op.drop_column("login_sessions", "ended_at")
