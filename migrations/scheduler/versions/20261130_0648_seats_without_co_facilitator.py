"""Let no further seat of a meeting be taken that would take a co-facilitator: who has one there keeps it."""

from alembic import op

revision = "20261130_0648"
down_revision = "20261129_2204"
branch_labels = None
depends_on = None

_TABLES = ("appointments", "appointment_practitioners", "group_offerings")

# What has been stays as it was told; a meeting whose kind is offered no more keeps its seats.
LOWER = """
    update appointments as meeting
    set capacity = greatest(meeting.taken, kind.alone)
    from (
        select organization_id, site_id, service, minutes, max(co_facilitator_above) as alone
        from group_offerings
        group by organization_id, site_id, service, minutes
    ) as kind
    where kind.organization_id = meeting.organization_id
      and kind.site_id = meeting.site_id
      and kind.service = meeting.service
      and make_interval(mins => kind.minutes) = upper(meeting.during) - lower(meeting.during)
      and meeting.status = 'booked'
      and lower(meeting.during) > now()
      and meeting.capacity > greatest(meeting.taken, kind.alone)
      and not exists (
          select from appointment_practitioners as helper
          where helper.organization_id = meeting.organization_id
            and helper.appointment_id = meeting.id
            and helper.part = 'co_facilitator'
      )
"""


def upgrade() -> None:
    for table in _TABLES:
        op.execute(f"alter table {table} no force row level security")
    op.execute(LOWER)
    for table in _TABLES:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Leave the seats: how many there were is not kept, and the next version of the week counts them anew."""
