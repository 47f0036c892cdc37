"""Which version of the treatment plan the services are of that a version of a plan of care says."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_1700"
down_revision = "20261201_1640"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("plans_of_care", sa.Column("treatment_plan_version", sa.Integer))


def downgrade() -> None:
    op.drop_column("plans_of_care", "treatment_plan_version")
