"""Patients with their keys, treatment plans, and pairs that are kept apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261123_1200"
down_revision = None
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _create_idempotency_keys()
    _create_patients()
    _create_treatment_plans()
    _create_no_contacts()


def downgrade() -> None:
    for table in (
        "no_contacts",
        "treatment_plans",
        "patient_keys",
        "patients",
        "organization_keys",
        "idempotency_keys",
    ):
        op.drop_table(table)


def _create_idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("account_id", sa.Uuid),
        sa.Column("operation_id", sa.Text),
        sa.Column("key", sa.Text),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("content_type", sa.Text),
        sa.Column("headers", JSONB),
        sa.Column("body", sa.LargeBinary),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", "operation_id", "key", name="idempotency_keys_pkey"),
    )
    protect("idempotency_keys", "records")


def _create_patients() -> None:
    op.create_table(
        "organization_keys",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="organization_keys_pkey"),
        sa.UniqueConstraint("organization_id", name="organization_keys_organization_id_key"),
    )
    op.create_table(
        "patients",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("given_name", sa.LargeBinary, nullable=False),
        sa.Column("family_name", sa.LargeBinary, nullable=False),
        sa.Column("birth_date", sa.LargeBinary, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="patients_pkey"),
    )
    op.create_index("patients_organization_id_site_id_idx", "patients", ["organization_id", "site_id"])
    op.create_table(
        "patient_keys",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("organization_key_id", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="patient_keys_pkey"),
        sa.UniqueConstraint("organization_id", "patient_id", name="patient_keys_organization_id_patient_id_key"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="patient_keys_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_key_id"],
            ["organization_keys.organization_id", "organization_keys.id"],
            name="patient_keys_organization_id_organization_key_id_fkey",
        ),
    )
    protect("organization_keys", "records", grants="select, insert")
    protect("patients", "records", grants="select, insert, update")
    protect("patient_keys", "records", grants="select, insert")


def _create_treatment_plans() -> None:
    op.create_table(
        "treatment_plans",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("required_services", JSONB, nullable=False),
        sa.Column("track", sa.Text, nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("modalities", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("travel_minutes", sa.Integer, nullable=False),
        sa.Column("team", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("primary_practitioner_id", sa.Uuid),
        sa.Column("family_available", JSONB, nullable=False),
        sa.Column("preference_cost", JSONB, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="treatment_plans_pkey"),
        sa.UniqueConstraint(
            "organization_id", "patient_id", "version", name="treatment_plans_organization_id_patient_id_version_key"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="treatment_plans_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("phase in ('intensive', 'taper')", name="treatment_plans_phase_check"),
        sa.CheckConstraint("version >= 1", name="treatment_plans_version_check"),
    )
    # A plan is a legal document: versions are added, and the application may change or delete none.
    protect("treatment_plans", "records", grants="select, insert")


def _create_no_contacts() -> None:
    op.create_table(
        "no_contacts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("lower_patient_id", sa.Uuid),
        sa.Column("higher_patient_id", sa.Uuid),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "lower_patient_id", "higher_patient_id", name="no_contacts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "lower_patient_id"],
            ["patients.organization_id", "patients.id"],
            name="no_contacts_organization_id_lower_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "higher_patient_id"],
            ["patients.organization_id", "patients.id"],
            name="no_contacts_organization_id_higher_patient_id_fkey",
        ),
        sa.CheckConstraint("lower_patient_id < higher_patient_id", name="no_contacts_order_check"),
    )
    protect("no_contacts", "records", grants="select, insert")
