"""Who came to a session, in revisions that are added and never changed, and what is owed for what was missed."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1352"
down_revision = "20261125_1331"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attendances",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("excused", sa.Boolean),
        sa.Column("call_out_reason", sa.Text),
        sa.Column("minutes_late", sa.Integer, nullable=False),
        sa.Column("minutes_left_early", sa.Integer, nullable=False),
        sa.Column("amendment_reason", sa.Text),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.CheckConstraint("status in ('arrived', 'fulfilled', 'noshow', 'cancelled')", name="status"),
        sa.CheckConstraint("revision >= 1", name="revision"),
        sa.CheckConstraint(
            "(excused is not null) = (status = 'cancelled') and (call_out_reason is not null) = (status = 'cancelled')",
            name="call_out",
        ),
        sa.CheckConstraint(
            "call_out_reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', "
            "'entered_in_error')",
            name="call_out_reason",
        ),
        sa.CheckConstraint(
            "minutes_late >= 0 and minutes_left_early >= 0 "
            "and (status in ('arrived', 'fulfilled') or minutes_late = 0) "
            "and (status = 'fulfilled' or minutes_left_early = 0)",
            name="minutes",
        ),
        sa.CheckConstraint("amendment_reason in ('entered_in_error', 'new_information')", name="amendment_reason"),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="attendances_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="attendances_pkey"),
        sa.UniqueConstraint(
            "organization_id", "appointment_id", "patient_id", "revision", name="attendances_revision_key"
        ),
    )
    op.create_index("attendances_patient_idx", "attendances", ["organization_id", "patient_id", "appointment_id"])
    protect("attendances", "scheduler", grants="select, insert")
    op.create_table(
        "make_ups",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("due", sa.Date, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("missed_appointment_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("appointment_id", sa.Uuid),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("status in ('open', 'booked', 'withdrawn')", name="status"),
        sa.CheckConstraint("(appointment_id is not null) = (status = 'booked')", name="booked"),
        sa.CheckConstraint("minutes > 0", name="minutes"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="make_ups_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "missed_appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="make_ups_organization_id_missed_appointment_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="make_ups_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="make_ups_pkey"),
        sa.UniqueConstraint("organization_id", "missed_appointment_id", "patient_id", name="make_ups_missed_key"),
    )
    op.create_index("make_ups_week_idx", "make_ups", ["organization_id", "site_id", "week", "id"])
    op.create_index("make_ups_patient_idx", "make_ups", ["organization_id", "patient_id", "week"])
    protect("make_ups", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("make_ups")
    op.drop_table("attendances")
