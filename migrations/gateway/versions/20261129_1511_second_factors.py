"""Counters of attempts to sign in, one-time codes and recovery codes."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261129_1511"
down_revision = "20261129_1510"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sign_in_attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="sign_in_attempts_pkey"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("sign_in_attempts_expires_at_idx", "sign_in_attempts", ["expires_at"])
    op.create_table(
        "totp_factors",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("confirmed_at", _INSTANT),
        sa.PrimaryKeyConstraint("account_id", name="totp_factors_pkey"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="totp_factors_account_id_fkey"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name="recovery_codes_pkey"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="recovery_codes_account_id_fkey"),
    )
    for table in ("sign_in_attempts", "totp_factors", "recovery_codes"):
        share(table, "gateway")


def downgrade() -> None:
    for table in ("recovery_codes", "totp_factors", "sign_in_attempts"):
        op.drop_table(table)
