"""A recipient is close to a patient once at a time; of those entered twice, the first stands."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1810"
down_revision = "20261130_1710"
branch_labels = None
depends_on = None

_TABLE = "related_persons"
_INDEX = "related_persons_standing_key"
_END_SECOND = """
    update related_persons p set ended_at = greatest(now(), p.created_at)
    where p.ended_at is null and exists (
        select from related_persons f
        where f.organization_id = p.organization_id and f.patient_id = p.patient_id
            and f.recipient_id = p.recipient_id and f.ended_at is null and f.id < p.id
    )
"""


def upgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_END_SECOND)
    op.execute(f"alter table {_TABLE} force row level security")
    op.create_index(
        _INDEX,
        _TABLE,
        ["organization_id", "patient_id", "recipient_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    op.drop_index(_INDEX, _TABLE)
