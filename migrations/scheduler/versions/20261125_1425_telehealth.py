"""Licences of practitioners, and sessions that were switched to telehealth or back by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint

from migrations.operations import protect

revision = "20261125_1425"
down_revision = "20261125_1410"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("appointments", sa.Column("modality_by_hand", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "licences",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("practitioner_id", sa.Uuid, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("valid", DATERANGE, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("practitioner_id", "="),
            ("jurisdiction", "="),
            ("valid", "&&"),
            using="gist",
            name="licences_valid_excl",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_id"],
            ["practitioners.organization_id", "practitioners.id"],
            name="licences_organization_id_practitioner_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="licences_pkey"),
    )
    protect("licences", "scheduler", grants="select, insert, update")
    op.create_table(
        "modality_changes",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("room_id", sa.Uuid),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_by", sa.Uuid, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.CheckConstraint("modality in ('on_site', 'telehealth')", name="modality"),
        sa.CheckConstraint("room_id is null or modality = 'on_site'", name="room"),
        sa.CheckConstraint(
            "reason in ('patient_request', 'practitioner_request', 'illness', 'weather', 'transport', 'room_needed', "
            "'entered_in_error')",
            name="reason",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="modality_changes_organization_id_appointment_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "room_id"],
            ["rooms.organization_id", "rooms.id"],
            name="modality_changes_organization_id_room_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="modality_changes_pkey"),
    )
    op.create_index("modality_changes_appointment_idx", "modality_changes", ["organization_id", "appointment_id", "id"])
    protect("modality_changes", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("modality_changes")
    op.drop_table("licences")
    op.drop_column("appointments", "modality_by_hand")
