"""Find the refusals of an organization in its trail by time."""

from alembic import op

revision = "20261129_1701"
down_revision = "20261129_1602"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Derived from the hashed text by the database itself, so it says nothing else than the event; taken as text and not
    # as JSON, so that an event that was tampered with still fits.
    op.execute("""
        alter table audit_events add column denied_id uuid generated always as (
            case when strpos(event, '"outcome":"denied"') > 0 then substring(event, '"id":"([0-9a-f]{32})"')::uuid end
        ) stored
    """)
    op.execute("""
        create index audit_events_denied_id_idx on audit_events (organization_id, denied_id)
        where denied_id is not null
    """)


def downgrade() -> None:
    op.drop_column("audit_events", "denied_id")
