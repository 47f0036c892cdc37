"""What falls out of a published week."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261125_1300"
down_revision = "20261125_1250"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def _reference(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{table}.organization_id", f"{table}.id"],
        name=f"disruptions_organization_id_{column}_fkey",
    )


def upgrade() -> None:
    op.create_table(
        "disruptions",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("practitioner_id", sa.Uuid),
        sa.Column("room_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("starts_at", _INSTANT),
        sa.Column("ends_at", _INSTANT),
        sa.Column("shifts", JSONB),
        sa.Column("breaks", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("solve_id", sa.Uuid),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("withdrawn_at", _INSTANT),
        sa.CheckConstraint("extract(isodow from week) = 1", name="week"),
        sa.CheckConstraint(
            "kind in ('practitioner_out', 'room_lost', 'site_closed', 'shift_changed', 'commitment_changed')",
            name="kind",
        ),
        sa.CheckConstraint(
            "reason in ('absence', 'leave', 'training', 'maintenance', 'weather', 'emergency', 'calendar', 'other')",
            name="reason",
        ),
        sa.CheckConstraint(
            "(kind in ('practitioner_out', 'shift_changed')) = (practitioner_id is not null)", name="who"
        ),
        sa.CheckConstraint("(kind = 'room_lost') = (room_id is not null)", name="room"),
        sa.CheckConstraint("(kind = 'commitment_changed') = (patient_id is not null)", name="patient"),
        sa.CheckConstraint("(kind = 'shift_changed') = (shifts is not null)", name="shifts"),
        sa.CheckConstraint("(starts_at is null) = (kind in ('shift_changed', 'commitment_changed'))", name="interval"),
        sa.CheckConstraint("(starts_at is null) = (ends_at is null)", name="both_ends"),
        sa.CheckConstraint("starts_at < ends_at", name="order"),
        sa.CheckConstraint("status in ('open', 'withdrawn')", name="status"),
        sa.CheckConstraint("(withdrawn_at is null) = (status = 'open')", name="withdrawn"),
        _reference("site_id", "sites"),
        _reference("practitioner_id", "practitioners"),
        _reference("room_id", "rooms"),
        _reference("solve_id", "solves"),
        sa.PrimaryKeyConstraint("organization_id", "id", name="disruptions_pkey"),
    )
    op.create_index("disruptions_week_idx", "disruptions", ["organization_id", "site_id", "week"])
    op.create_index(
        "disruptions_one_shift_change_key",
        "disruptions",
        ["organization_id", "site_id", "week", "practitioner_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'shift_changed' and status = 'open'"),
    )
    protect("disruptions", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("disruptions")
