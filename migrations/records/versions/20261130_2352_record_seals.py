"""The scheduler is told whose records were sealed, those of before too, until it plans nothing of them any more."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import share

revision = "20261130_2352"
down_revision = "20261130_2350"
branch_labels = None
depends_on = None

_TABLE = "record_seals"
_SEALED = """
    insert into record_seals (organization_id, patient_id, sealed_at)
    select organization_id, id, sealed_at from patients where sealed_at is not null
"""


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("record_seals_pkey")),
        sa.UniqueConstraint("organization_id", "patient_id", name=op.f("record_seals_patient_id_key")),
    )
    share(_TABLE, "records", grants="select, insert, delete")
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute("alter table patients no force row level security")
    op.execute(_SEALED)
    op.execute("alter table patients force row level security")


def downgrade() -> None:
    """Tell nobody: whom the scheduler has not heard of by then, the desk sees to."""
    op.drop_table(_TABLE)
