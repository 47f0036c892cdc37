"""One record is kept by another law than the others, or is not kept because its period has expired."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_2030"
down_revision = "20261130_1810"
branch_labels = None
depends_on = None

_TABLE = "dispositions"
_CHECKS = {
    "retention": "(citation is null) = (keep_until is null)",
    "expired": "(kind = 'destroy' and citation is not null) = (reason is not null)",
    "reason": "reason in ('last_service', 'discharge', 'majority', 'death')",
}
# Before this, a record would be kept, or destroyed, by the law of the closing, which is not its own.
_REFUSE = """
    do $$ begin
        if exists (select from dispositions where citation is not null) then
            raise exception 'records are kept by laws of their own here: decide anew of each, without one';
        end if;
    end $$
"""


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("citation", sa.Text))
    op.add_column(_TABLE, sa.Column("keep_until", sa.Date))
    op.add_column(_TABLE, sa.Column("reason", sa.Text))
    for name, text in _CHECKS.items():
        op.create_check_constraint(op.f(f"{_TABLE}_{name}_check"), _TABLE, text)


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_REFUSE)
    op.execute(f"alter table {_TABLE} force row level security")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"{_TABLE}_{name}_check"), _TABLE)
    for column in ("citation", "keep_until", "reason"):
        op.drop_column(_TABLE, column)
