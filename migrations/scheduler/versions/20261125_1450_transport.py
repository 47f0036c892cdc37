"""Vehicles, their runs, and numbered seats on them that go with the seat in a session."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from migrations.operations import protect

revision = "20261125_1450"
down_revision = "20261125_1430"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_SEAT = "appointment_patients_booked_key"


def _of(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{parent}.organization_id", f"{parent}.id"],
        name=f"{table}_organization_id_{column}_fkey",
    )


def upgrade() -> None:
    op.create_unique_constraint(
        _SEAT, "appointment_patients", ["organization_id", "appointment_id", "patient_id", "booked"]
    )
    op.create_table(
        "vehicles",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("seats > 0", name="seats"),
        _of("vehicles", "site_id", "sites"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="vehicles_pkey"),
    )
    protect("vehicles", "scheduler", grants="select, insert")
    op.create_table(
        "runs",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("vehicle_id", sa.Uuid, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("direction in ('to_site', 'from_site')", name="direction"),
        sa.CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        sa.UniqueConstraint("organization_id", "id", "seats", name="runs_seats_key"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("vehicle_id", "="),
            ("during", "&&"),
            using="gist",
            name="runs_vehicle_id_during_excl",
        ),
        _of("runs", "site_id", "sites"),
        _of("runs", "vehicle_id", "vehicles"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="runs_pkey"),
    )
    protect("runs", "scheduler", grants="select, insert, update")
    op.create_table(
        "rides",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("seat", sa.Integer, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("booked", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("stop_at", _INSTANT, nullable=False),
        sa.Column("area", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("seat between 1 and seats", name="seat"),
        sa.ForeignKeyConstraint(
            ["organization_id", "run_id", "seats"],
            ["runs.organization_id", "runs.id", "runs.seats"],
            name="rides_organization_id_run_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id", "patient_id", "booked"],
            [
                "appointment_patients.organization_id",
                "appointment_patients.appointment_id",
                "appointment_patients.patient_id",
                "appointment_patients.booked",
            ],
            name="rides_seat_fkey",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="rides_pkey"),
    )
    for name, column in (("rides_seat_key", "seat"), ("rides_patient_key", "patient_id")):
        op.create_index(
            name, "rides", ["organization_id", "run_id", column], unique=True, postgresql_where=sa.text("booked")
        )
    op.create_index("rides_appointment_idx", "rides", ["organization_id", "appointment_id", "patient_id"])
    protect("rides", "scheduler")


def downgrade() -> None:
    op.drop_table("rides")
    op.drop_table("runs")
    op.drop_table("vehicles")
    op.drop_constraint(_SEAT, "appointment_patients")
