"""Passkeys, and the challenges that they sign."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261129_2210"
down_revision = "20261129_1602"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_used_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="passkeys_pkey"),
        sa.UniqueConstraint("credential_id", name="passkeys_credential_id_key"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="passkeys_account_id_fkey"),
        sa.CheckConstraint("sign_count >= 0", name="passkeys_sign_count_check"),
    )
    op.create_index("passkeys_account_id_idx", "passkeys", ["account_id"])
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("login_session_id", sa.Uuid()),
        sa.Column("browser_hash", sa.LargeBinary()),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name="passkey_challenges_pkey"),
        sa.CheckConstraint("purpose in ('register', 'sign_in', 'step_up')", name="passkey_challenges_purpose_check"),
    )
    op.create_index("passkey_challenges_expires_at_idx", "passkey_challenges", ["expires_at"])
    for table in ("passkeys", "passkey_challenges"):
        share(table, "gateway")


def downgrade() -> None:
    for table in ("passkey_challenges", "passkeys"):
        op.drop_table(table)
