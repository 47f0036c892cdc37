"""What a transfer leaves is destroyed where the record's own period has expired, as if it were not transferred."""

from alembic import op

revision = "20261130_2355"
down_revision = "20261130_2352"
branch_labels = None
depends_on = None

_TABLE = "dispositions"
_EXPIRED, _DESTROYED = "dispositions_expired_check", "dispositions_destroyed_check"
# To what was before, what such a transfer leaves would be kept by a law that requires it no more.
_REFUSE = """
    do $$ begin
        if exists (select from dispositions where kind = 'transfer' and reason is not null) then
            raise exception 'there are transfers with a retention that has expired: decide anew of each, without one';
        end if;
    end $$
"""


def upgrade() -> None:
    op.drop_constraint(op.f(_EXPIRED), _TABLE)
    op.create_check_constraint(op.f(_EXPIRED), _TABLE, "reason is null or (kind <> 'keep' and citation is not null)")
    op.create_check_constraint(op.f(_DESTROYED), _TABLE, "kind <> 'destroy' or citation is null or reason is not null")


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_REFUSE)
    op.execute(f"alter table {_TABLE} force row level security")
    op.drop_constraint(op.f(_DESTROYED), _TABLE)
    op.drop_constraint(op.f(_EXPIRED), _TABLE)
    op.create_check_constraint(
        op.f(_EXPIRED), _TABLE, "(kind = 'destroy' and citation is not null) = (reason is not null)"
    )
