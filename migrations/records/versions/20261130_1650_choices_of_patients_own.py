"""Which wishes to be in a group the patient said by the own account: what staff wrote down does not undo those."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1650"
down_revision = "20261130_1400"
branch_labels = None
depends_on = None

_TABLE = "recovery_group_choices"
# Whoever claimed the record said it themselves; all else was written down by somebody else.
_OWN = """
    update recovery_group_choices c set by_patient = true
    where exists (
        select from patient_accounts a
        where a.organization_id = c.organization_id and a.patient_id = c.patient_id
            and a.account_id = c.recorded_by and a.claimed_at is not null
    )
"""


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("by_patient", sa.Boolean(), nullable=False, server_default=sa.false()))
    # The owner is bound by row-level security too, and no organization is set here.
    for table in (_TABLE, "patient_accounts"):
        op.execute(f"alter table {table} no force row level security")
    op.execute(_OWN)
    for table in (_TABLE, "patient_accounts"):
        op.execute(f"alter table {table} force row level security")
    op.alter_column(_TABLE, "by_patient", server_default=None)


def downgrade() -> None:
    op.drop_column(_TABLE, "by_patient")
