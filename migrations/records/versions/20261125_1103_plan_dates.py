"""When a patient is to come and to go, and the weeks on the way out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261125_1103"
down_revision = "20261125_1040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("treatment_plans", sa.Column("planned_admission", sa.Date))
    op.add_column("treatment_plans", sa.Column("planned_discharge", sa.Date))
    op.add_column("treatment_plans", sa.Column("taper_weeks", JSONB, nullable=False, server_default=sa.text("'[]'")))
    op.create_check_constraint("planned_stay", "treatment_plans", "planned_admission <= planned_discharge")


def downgrade() -> None:
    op.drop_column("treatment_plans", "taper_weeks")
    op.drop_column("treatment_plans", "planned_discharge")
    op.drop_column("treatment_plans", "planned_admission")
