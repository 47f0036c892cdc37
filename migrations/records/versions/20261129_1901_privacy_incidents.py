"""Incidents and breaches, what is done about them, who is affected, and who was told."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1901"
down_revision = "20261129_1802"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_INCIDENT = ["privacy_incidents.organization_id", "privacy_incidents.id"]
_TABLES = ("privacy_incidents", "privacy_incident_acts", "affected_patients", "breach_notices")


def upgrade() -> None:
    _create_incidents()
    _create_patients()
    # What happened and what was done about it is added, and neither changed nor deleted.
    for table in _TABLES:
        protect(table, "records", grants="select, insert")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)


def _create_incidents() -> None:
    op.create_table(
        "privacy_incidents",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("discovered_on", sa.Date, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="privacy_incidents_pkey"),
    )
    op.create_index(
        "privacy_incidents_organization_id_discovered_on_idx", "privacy_incidents", ["organization_id", "discovered_on"]
    )
    op.create_table(
        "privacy_incident_acts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("incident_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("done_by", sa.Uuid, nullable=False),
        sa.Column("done_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "incident_id", "number", name="privacy_incident_acts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "incident_id"], _INCIDENT, name="privacy_incident_acts_incident_fkey"
        ),
        sa.CheckConstraint("number >= 1", name=op.f("privacy_incident_acts_number_check")),
        sa.CheckConstraint(
            "kind in ('assessed', 'decided', 'delayed', 'patients_added', 'patients_notified', 'authority_notified',"
            " 'closed')",
            name=op.f("privacy_incident_acts_kind_check"),
        ),
    )
    op.create_index(
        "privacy_incident_acts_closed_key",
        "privacy_incident_acts",
        ["organization_id", "incident_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'closed'"),
    )


def _create_patients() -> None:
    op.create_table(
        "affected_patients",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("incident_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("resident_of", sa.Text, nullable=False),
        sa.Column("added_by", sa.Uuid, nullable=False),
        sa.Column("added_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "incident_id", "patient_id", name="affected_patients_pkey"),
        sa.ForeignKeyConstraint(["organization_id", "incident_id"], _INCIDENT, name="affected_patients_incident_fkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="affected_patients_patient_fkey",
        ),
        sa.CheckConstraint("resident_of ~ '^[A-Z]{2}$'", name=op.f("affected_patients_resident_of_check")),
    )
    op.create_table(
        "breach_notices",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("incident_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("sent_on", sa.Date, nullable=False),
        sa.Column("document_sha256", sa.Text, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="breach_notices_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "incident_id", "patient_id"],
            ["affected_patients.organization_id", "affected_patients.incident_id", "affected_patients.patient_id"],
            name="breach_notices_affected_fkey",
        ),
    )
    op.create_index(
        "breach_notices_organization_id_incident_id_patient_id_idx",
        "breach_notices",
        ["organization_id", "incident_id", "patient_id"],
    )
