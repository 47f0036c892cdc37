"""Tell records once of the state of every site whose rules were set up before it was told of any."""

from alembic import op

revision = "20261201_1545"
down_revision = "20261201_0120"
branch_labels = None
depends_on = None


TELL = """
    insert into pgqueuer (priority, entrypoint, payload, status, execute_after)
    select distinct 0, 'attendance', convert_to(jsonb_build_array(organization_id, 'site', site_id, 0)::text, 'UTF8'),
           'queued'::pgqueuer_status, now()
    from rule_settings
"""


def upgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute("alter table rule_settings no force row level security")
    op.execute(TELL)
    op.execute("alter table rule_settings force row level security")


def downgrade() -> None:
    """Leave the calls: each tells what is true of a site, whoever takes it."""
