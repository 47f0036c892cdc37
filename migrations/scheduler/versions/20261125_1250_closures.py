"""Hours in which a site is closed, and what became of its sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSTZRANGE, ExcludeConstraint

from migrations.operations import protect

revision = "20261125_1250"
down_revision = "20261125_1235"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "closures",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("during", TSTZRANGE, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("solve_ids", ARRAY(sa.Uuid), nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("reopened_by", sa.Uuid),
        sa.Column("reopened_at", _INSTANT),
        sa.CheckConstraint("policy in ('telehealth', 'reschedule', 'cancel')", name="policy"),
        sa.CheckConstraint(
            "reason in ('weather', 'building', 'staffing', 'public_health', 'safety', 'holiday')", name="reason"
        ),
        sa.CheckConstraint("status in ('closed', 'reopened')", name="status"),
        sa.CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        sa.CheckConstraint(
            "(status = 'reopened') = (reopened_at is not null) and (reopened_by is null) = (reopened_at is null)",
            name="reopened",
        ),
        ExcludeConstraint(
            ("organization_id", "="),
            ("site_id", "="),
            ("during", "&&"),
            where=sa.text("status = 'closed'"),
            using="gist",
            name="closures_site_id_during_excl",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="closures_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="closures_pkey"),
    )
    protect("closures", "scheduler", grants="select, insert, update")
    op.create_table(
        "closure_sessions",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("closure_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("kept", ARRAY(sa.Uuid), nullable=False),
        sa.Column("lost", ARRAY(sa.Uuid), nullable=False),
        sa.CheckConstraint("outcome in ('cancelled', 'telehealth')", name="outcome"),
        sa.ForeignKeyConstraint(
            ["organization_id", "closure_id"],
            ["closures.organization_id", "closures.id"],
            name="closure_sessions_organization_id_closure_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="closure_sessions_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "closure_id", "appointment_id", name="closure_sessions_pkey"),
    )
    protect("closure_sessions", "scheduler", grants="select, insert")


def downgrade() -> None:
    op.drop_table("closure_sessions")
    op.drop_table("closures")
