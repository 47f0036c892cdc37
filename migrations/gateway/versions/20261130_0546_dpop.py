"""Tokens bound to a key: which applications must have them, whose refresh tokens are, and the proofs that were used."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261130_0546"
down_revision = "20261130_0230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_proofs",
        sa.Column("proof_hash", sa.LargeBinary(), nullable=False),
        sa.Column("forgotten_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash", name="used_proofs_pkey"),
    )
    op.create_index("used_proofs_forgotten_at_idx", "used_proofs", ["forgotten_at"])
    share("used_proofs", "gateway", grants="select, insert, update, delete")
    op.add_column("grants", sa.Column("proof_key", sa.Text()))
    op.add_column(
        "oauth_clients", sa.Column("dpop_bound_access_tokens", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("oauth_clients", "dpop_bound_access_tokens")
    op.drop_column("grants", "proof_key")
    op.drop_table("used_proofs")
