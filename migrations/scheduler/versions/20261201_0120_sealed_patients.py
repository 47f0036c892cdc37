"""Of whom nothing may be planned any more, so that what was solved before the seal is not published after it.

Records told of each seal and has forgotten most of them by now: those of before this revision are not known here.
"""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261201_0120"
down_revision = "20261130_2020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sealed_patients",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("heard_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", name="sealed_patients_pkey"),
    )
    protect("sealed_patients", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("sealed_patients")
