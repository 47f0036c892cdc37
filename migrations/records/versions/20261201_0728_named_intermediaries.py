"""An active consent names each intermediary itself."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_0728"
down_revision = "20261201_0414"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not valid: no disclosure relies on such a class, and those that are active may still be revoked.
    op.create_check_constraint(
        op.f("consents_named_check"),
        "consents",
        sa.text("status <> 'active' or not 'intermediary' = any (recipient_kinds)"),
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("consents_named_check"), "consents", type_="check")
