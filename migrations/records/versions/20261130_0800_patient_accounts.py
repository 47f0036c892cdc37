"""The accounts by which patients sign in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from migrations.operations import protect

revision = "20261130_0800"
down_revision = "20261130_0730"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TIME = (sa.text("tstzrange(from_at, until_at)"), "&&")


def upgrade() -> None:
    op.create_table(
        "patient_accounts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("until_at", _INSTANT),
        sa.Column("linked_by", sa.Uuid, nullable=False),
        sa.Column("ended_by", sa.Uuid),
        sa.PrimaryKeyConstraint("organization_id", "id", name="patient_accounts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="patient_accounts_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("until_at > from_at", name=op.f("patient_accounts_order_check")),
        sa.CheckConstraint("(until_at is null) = (ended_by is null)", name=op.f("patient_accounts_end_check")),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            _TIME,
            name="patient_accounts_one_account_excl",
            using="gist",
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("account_id", "="),
            _TIME,
            name="patient_accounts_one_patient_excl",
            using="gist",
        ),
    )
    # Who signed in as whom, and until when, is never deleted.
    protect("patient_accounts", "records", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("patient_accounts")
