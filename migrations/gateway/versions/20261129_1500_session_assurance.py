"""How and when a session's person was authenticated, and what renews its access token."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_1500"
down_revision = "20261129_1140"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    # A session from before lasts as long as its access token, which nothing renews: no secret has this hash.
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("secret_hash", sa.LargeBinary()),
        sa.Column("auth_time", _INSTANT),
        sa.Column("amr", postgresql.ARRAY(sa.Text())),
        sa.Column("acr", sa.Text()),
        sa.Column("seen_at", _INSTANT),
    )
    for column in columns:
        op.add_column("login_sessions", column)
    # The owner is bound by row-level security too, so it looks away for this one statement.
    op.execute("alter table login_sessions no force row level security")
    op.execute(
        "update login_sessions set secret_hash = ''::bytea, auth_time = created_at, amr = array['pwd'], "
        "acr = 'aal1', seen_at = created_at"
    )
    op.execute("alter table login_sessions force row level security")
    for column in columns:
        op.alter_column("login_sessions", column.name, nullable=False)
    op.create_check_constraint(op.f("login_sessions_acr_check"), "login_sessions", "acr in ('aal1', 'aal2')")
    op.create_check_constraint(op.f("login_sessions_amr_any_check"), "login_sessions", "cardinality(amr) > 0")


def downgrade() -> None:
    op.drop_constraint(op.f("login_sessions_amr_any_check"), "login_sessions")
    op.drop_constraint(op.f("login_sessions_acr_check"), "login_sessions")
    for column in ("seen_at", "acr", "amr", "auth_time", "secret_hash"):
        op.drop_column("login_sessions", column)
