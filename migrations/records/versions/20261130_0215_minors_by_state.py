"""Of which state a rule on minors is."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0215"
down_revision = "20261129_1901"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("minor_consent_rules", sa.Column("jurisdiction", sa.Text))
    op.create_check_constraint(
        op.f("minor_consent_rules_jurisdiction_check"), "minor_consent_rules", "jurisdiction ~ '^US-[A-Z]{2}$'"
    )


def downgrade() -> None:
    op.drop_column("minor_consent_rules", "jurisdiction")
