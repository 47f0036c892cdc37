"""Since when a practitioner works here, and for how many minutes a week: what fairness is measured by."""

import sqlalchemy as sa
from alembic import op

revision = "20261125_1130"
down_revision = "20261125_1120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("practitioners", sa.Column("starts_on", sa.Date))
    op.add_column("practitioners", sa.Column("contract_minutes_week", sa.Integer))
    # Forced row-level security would hide every row from the owner, who belongs to no organization.
    op.execute("alter table practitioners no force row level security")
    op.execute("update practitioners set starts_on = created_at::date, contract_minutes_week = max_minutes_week")
    op.execute("alter table practitioners force row level security")
    op.alter_column("practitioners", "starts_on", nullable=False)
    op.alter_column("practitioners", "contract_minutes_week", nullable=False)
    op.create_check_constraint("contract", "practitioners", "contract_minutes_week > 0")


def downgrade() -> None:
    op.drop_column("practitioners", "contract_minutes_week")
    op.drop_column("practitioners", "starts_on")
