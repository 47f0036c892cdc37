"""Which patient a recipient of that kind is."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0655"
down_revision = "20261130_0640"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recipients", sa.Column("patient_id", sa.Uuid))
    op.create_foreign_key(
        "recipients_organization_id_patient_id_fkey",
        "recipients",
        "patients",
        ["organization_id", "patient_id"],
        ["organization_id", "id"],
    )
    # Not valid: nobody knows which patients the entries are that were made before; to those nothing goes.
    op.create_check_constraint(
        op.f("recipients_patient_check"),
        "recipients",
        sa.text("(kind = 'patient') = (patient_id is not null)"),
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("recipients_patient_check"), "recipients", type_="check")
    op.drop_constraint("recipients_organization_id_patient_id_fkey", "recipients", type_="foreignkey")
    op.drop_column("recipients", "patient_id")
