"""What was written of who a patient is before it was corrected."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261201_1610"
down_revision = "20261201_1540"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "patient_versions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("identity", sa.LargeBinary, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("corrected_by", sa.Uuid, nullable=False),
        sa.Column("corrected_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="patient_versions_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="patient_versions_organization_id_patient_id_fkey",
        ),
        sa.UniqueConstraint(
            "organization_id", "patient_id", "version", name="patient_versions_organization_id_patient_id_version_key"
        ),
        sa.CheckConstraint(
            "reason in ('entered_wrongly', 'name_changed', 'identity_verified', 'other_site')",
            name=op.f("patient_versions_reason_check"),
        ),
    )
    protect("patient_versions", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("patient_versions")
