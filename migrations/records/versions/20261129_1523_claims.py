"""What payers pay and have authorized, and days of partial hospitalization."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1523"
down_revision = "20261129_1522"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def _patients(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.PrimaryKeyConstraint("organization_id", "id", name=f"{table}_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name=f"{table}_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("until_on >= from_on", name=f"{table}_order_check"),
    )


def upgrade() -> None:
    op.create_table(
        "payer_contracts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("payer", sa.Text),
        sa.Column("effective_from", sa.Date),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("requires_authorization", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("entered_by", sa.Uuid, nullable=False),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "payer", "effective_from", name="payer_contracts_pkey"),
    )
    # Terms are dated: what held for a day's sessions is not rewritten by what holds later.
    protect("payer_contracts", "records", grants="select, insert")
    op.create_table(
        "charge_rates",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("payer", sa.Text),
        sa.Column("code", sa.Text),
        sa.Column("effective_from", sa.Date),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("entered_by", sa.Uuid, nullable=False),
        sa.Column("entered_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "payer", "code", "effective_from", name="charge_rates_pkey"),
        sa.CheckConstraint("amount_cents > 0", name="charge_rates_amount_check"),
    )
    protect("charge_rates", "records", grants="select, insert")
    for table, details in (
        ("payer_authorizations", [sa.Column("details", sa.LargeBinary, nullable=False)]),
        ("partial_stays", []),
    ):
        op.create_table(
            table,
            sa.Column("organization_id", sa.Uuid),
            sa.Column("id", sa.Uuid),
            sa.Column("patient_id", sa.Uuid, nullable=False),
            sa.Column("from_on", sa.Date, nullable=False),
            sa.Column("until_on", sa.Date, nullable=False),
            *details,
            sa.Column("entered_by", sa.Uuid, nullable=False),
            sa.Column("entered_at", _INSTANT, nullable=False),
            *_patients(table),
        )
        op.create_index(f"{table}_organization_id_patient_id_idx", table, ["organization_id", "patient_id"])
        protect(table, "records", grants="select, insert")


def downgrade() -> None:
    for table in ("partial_stays", "payer_authorizations", "charge_rates", "payer_contracts"):
        op.drop_table(table)
