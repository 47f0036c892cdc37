"""Why a glass was broken, sealed for the patient."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1710"
down_revision = "20261130_1700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null: records of before, beside the newer ones while they are started, do not say it.
    op.add_column("emergency_accesses", sa.Column("reason", sa.LargeBinary()))


def downgrade() -> None:
    op.drop_column("emergency_accesses", "reason")
