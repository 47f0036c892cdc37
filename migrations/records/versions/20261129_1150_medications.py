"""Medication and its doses, sealed."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1150"
down_revision = "20261129_1120"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "medications",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("ending", sa.LargeBinary),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="medications_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="medications_organization_id_patient_id_fkey",
        ),
    )
    op.create_index("medications_organization_id_patient_id_idx", "medications", ["organization_id", "patient_id"])
    protect("medications", "records", grants="select, insert, update (ending)")
    op.create_table(
        "medication_doses",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("medication_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "medication_id", "number", name="medication_doses_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "medication_id"],
            ["medications.organization_id", "medications.id"],
            name="medication_doses_organization_id_medication_id_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("medication_doses_number_check")),
    )
    # What was recorded is added to, never changed.
    protect("medication_doses", "records", grants="select, insert")


def downgrade() -> None:
    for table in ("medication_doses", "medications"):
        op.drop_table(table)
