"""What becomes of each record when a programme closes."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1700"
down_revision = "20261130_1655"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{other}.organization_id", f"{other}.id"],
        name=f"{table}_organization_id_{column}_fkey",
    )


def _check(table: str, name: str, text: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(text, name=op.f(f"{table}_{name}_check"))


def upgrade() -> None:
    op.add_column("patients", sa.Column("sealed_at", _INSTANT, nullable=True))
    table = "programme_closings"
    op.create_table(
        table,
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        sa.Column("acquired_by", sa.Uuid),
        sa.Column("responsible_person", sa.Text, nullable=False),
        sa.Column("responsible_contact", sa.Text, nullable=False),
        sa.Column("citation", sa.Text),
        sa.Column("keep_until", sa.Date),
        sa.Column("opened_by", sa.Uuid, nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("cancelled_by", sa.Uuid),
        sa.Column("cancelled_at", _INSTANT),
        sa.Column("sealed_by", sa.Uuid),
        sa.Column("sealed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name=f"{table}_pkey"),
        _reference(table, "acquired_by", "recipients"),
        _check(table, "reason", "reason in ('discontinued', 'acquired')"),
        _check(table, "acquired", "(reason = 'acquired') = (acquired_by is not null)"),
        _check(table, "retention", "(citation is null) = (keep_until is null) and keep_until > ends_on"),
        _check(table, "cancelled", "(cancelled_at is null) = (cancelled_by is null)"),
        _check(table, "sealed", "(sealed_at is null) = (sealed_by is null)"),
        _check(table, "end", "cancelled_at is null or sealed_at is null"),
    )
    op.create_index(
        f"{table}_open_key",
        table,
        ["organization_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at is null and sealed_at is null"),
    )
    protect(table, "records", grants="select, insert, update")
    table = "dispositions"
    op.create_table(
        table,
        sa.Column("organization_id", sa.Uuid),
        sa.Column("closing_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("disclosure_id", sa.Uuid),
        sa.Column("decided_by", sa.Uuid, nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "closing_id", "patient_id", name=f"{table}_pkey"),
        _reference(table, "closing_id", "programme_closings"),
        _reference(table, "patient_id", "patients"),
        _reference(table, "disclosure_id", "disclosures"),
        _check(table, "kind", "kind in ('transfer', 'keep', 'destroy')"),
        _check(table, "transfer", "(kind = 'transfer') = (disclosure_id is not null)"),
    )
    protect(table, "records", grants="select, insert, update")


# Before this, whatever is sealed would be read again.
_REFUSE = """
    do $$ begin
        if exists (select from patients where sealed_at is not null) then
            raise exception 'records of a programme that has closed are sealed here: they stay so';
        end if;
    end $$
"""


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute("alter table patients no force row level security")
    op.execute(_REFUSE)
    op.execute("alter table patients force row level security")
    op.drop_table("dispositions")
    op.drop_table("programme_closings")
    op.drop_column("patients", "sealed_at")
