"""The accounts of patients who were sealed before that ended them, and of those close to them, end."""

from alembic import op

revision = "20261130_2125"
down_revision = "20261130_2030"
branch_labels = None
depends_on = None

_READ = ("programme_closings", "dispositions")
_ENDED = ("patient_accounts", "related_person_accounts")
# A closing is sealed once: nobody could end these any more, and the accounts are free for others from now on.
_END = """
    with sealed as (
        select distinct on (d.organization_id, d.patient_id) d.organization_id, d.patient_id, c.sealed_by
        from dispositions d
        join programme_closings c on c.organization_id = d.organization_id and c.id = d.closing_id
        where c.sealed_at is not null
        order by d.organization_id, d.patient_id, c.sealed_at
    )
    update {} a
    set until_at = greatest(now(), a.from_at + interval '1 microsecond'), ended_by = sealed.sealed_by
    from sealed
    where a.organization_id = sealed.organization_id and a.patient_id = sealed.patient_id and a.until_at is null
"""


def upgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    for table in (*_READ, *_ENDED):
        op.execute(f"alter table {table} no force row level security")
    for table in _ENDED:
        op.execute(_END.format(table))
    for table in (*_READ, *_ENDED):
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Leave the accounts ended: whoever they were of reads nothing of what is sealed."""
