"""Letters on their way, and the links in them that give a new password."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261130_0600"
down_revision = "20261130_0546"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="letters_pkey"),
        sa.CheckConstraint("kind in ('password_reset', 'invitation')", name="letters_kind_check"),
        sa.CheckConstraint("attempts >= 0", name="letters_attempts_check"),
    )
    op.create_index("letters_due_at_idx", "letters", ["due_at"])
    op.create_table(
        "password_resets",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="password_resets_pkey"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="password_resets_account_id_fkey"),
    )
    op.create_index("password_resets_account_id_idx", "password_resets", ["account_id"])
    op.create_index("password_resets_expires_at_idx", "password_resets", ["expires_at"])
    share("letters", "gateway")
    share("password_resets", "gateway", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("password_resets")
    op.drop_table("letters")
