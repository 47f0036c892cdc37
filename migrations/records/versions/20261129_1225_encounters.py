"""Encounters, made from what the scheduler tells, and the events that were taken."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1225"
down_revision = "20261129_1224"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "encounters",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("modality", sa.Text, nullable=False),
        sa.Column("starts_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("excused", sa.Boolean),
        sa.Column("minutes_late", sa.Integer, nullable=False),
        sa.Column("minutes_left_early", sa.Integer, nullable=False),
        sa.Column("attended_minutes", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="encounters_pkey"),
        sa.UniqueConstraint("organization_id", "appointment_id", "patient_id", name="encounters_seat_key"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="encounters_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint(
            "status in ('arrived', 'fulfilled', 'noshow', 'cancelled')", name=op.f("encounters_status_check")
        ),
        sa.CheckConstraint("(excused is not null) = (status = 'cancelled')", name=op.f("encounters_excused_check")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("encounters_order_check")),
        sa.CheckConstraint(
            "attended_minutes >= 0 and (status = 'fulfilled' or attended_minutes = 0)",
            name=op.f("encounters_attended_check"),
        ),
        sa.CheckConstraint("revision >= 1", name=op.f("encounters_revision_check")),
    )
    op.create_index(
        "encounters_organization_id_patient_id_idx", "encounters", ["organization_id", "patient_id", "week"]
    )
    protect("encounters", "records", grants="select, insert, update")
    op.create_table(
        "encounter_events",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("encounter_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="encounter_events_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "encounter_id"],
            ["encounters.organization_id", "encounters.id"],
            name="encounter_events_organization_id_encounter_id_fkey",
        ),
    )
    op.create_index(
        "encounter_events_organization_id_encounter_id_idx", "encounter_events", ["organization_id", "encounter_id"]
    )
    protect("encounter_events", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("encounter_events")
    op.drop_table("encounters")
