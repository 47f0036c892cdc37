"""Holds on seats, which expire by themselves, and why seats were given back."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261123_1300"
down_revision = "20261123_1200"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_WITH_SEATS = ("appointments", "appointment_patients")


def upgrade() -> None:
    op.add_column("appointment_patients", sa.Column("held_until", _INSTANT))
    op.add_column("appointments", sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_check_constraint("held", "appointment_patients", "booked or held_until is null")
    op.create_table(
        "releases",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("released_at", _INSTANT, nullable=False),
        sa.CheckConstraint(
            "reason in ('patient_request', 'illness', 'work_or_school', 'transport', 'clinical', 'entered_in_error')",
            name="reason",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="releases_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="releases_pkey"),
    )
    protect("releases", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("releases")
    # Forced row-level security would hide every row from the owner, who belongs to no organization.
    for table in _WITH_SEATS:
        op.execute(f"alter table {table} no force row level security")
    # What was held is not booked, and the schema before has no word for it.
    op.execute(
        "update appointments a set taken = taken - held.seats from (select organization_id, appointment_id, "
        "count(*) as seats from appointment_patients where held_until is not null group by 1, 2) held "
        "where a.organization_id = held.organization_id and a.id = held.appointment_id"
    )
    op.execute("delete from appointment_patients where held_until is not null")
    op.drop_column("appointment_patients", "held_until")
    op.drop_column("appointments", "by_hand")
    for table in _WITH_SEATS:
        op.execute(f"alter table {table} force row level security")
