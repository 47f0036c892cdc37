"""What every tenant table gets: row-level security, forced, and the application role's grants."""

from alembic import op

_POLICY = "organization_id = (select nullif(current_setting('eventide.organization_id', true), '')::uuid)"


def protect(table: str, service: str, *, grants: str = "select, insert, update, delete") -> None:
    """Hide the rows of every organization but the transaction's own, from the owner too.

    The NULLIF is needed: a setting that was set once and left is '' and would not cast to uuid.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy organization on {table} using ({_POLICY}) with check ({_POLICY})")
    share(table, service, grants=grants)


def share(table: str, service: str, *, grants: str = "select, insert, update, delete") -> None:
    """Grant the application role a table that spans organizations; tests hold the list of those tables."""
    op.execute(f"grant {grants} on {table} to eventide_{service}_app")
