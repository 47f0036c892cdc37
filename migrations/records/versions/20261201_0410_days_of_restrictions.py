"""A restriction may keep back what is of some days, and not the whole part."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_0410"
down_revision = "20261201_0400"
branch_labels = None
depends_on = None

_TABLE = "restrictions"
# Without its days such a restriction would keep back all of the part, which nobody asked for.
_REFUSE = """
    do $$ begin
        if exists (select from restrictions where records_from is not null or records_until is not null) then
            raise exception 'there are restrictions of some days: end each of them, or enter it anew without days';
        end if;
    end $$
"""


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("records_from", sa.Date))
    op.add_column(_TABLE, sa.Column("records_until", sa.Date))
    op.create_check_constraint(op.f("restrictions_days_check"), _TABLE, "records_from <= records_until")


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_REFUSE)
    op.execute(f"alter table {_TABLE} force row level security")
    op.drop_constraint(op.f("restrictions_days_check"), _TABLE)
    op.drop_column(_TABLE, "records_until")
    op.drop_column(_TABLE, "records_from")
