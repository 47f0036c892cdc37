"""Who signs in as which practitioner, how staff are written to, and what they were told of their schedules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261130_2000"
down_revision = "20261130_1910"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_OF_PATIENTS = (
    "kind in ('session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure', 'reminder', 'offer', "
    "'seat_filled', 'week_published'"
)


def _of_practitioner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "practitioner_id"],
        ["practitioners.organization_id", "practitioners.id"],
        name=f"{table}_organization_id_practitioner_id_fkey",
    )


def upgrade() -> None:
    op.create_table(
        "practitioner_accounts",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("practitioner_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "practitioner_id", name="practitioner_accounts_pkey"),
        _of_practitioner("practitioner_accounts"),
    )
    op.create_index("practitioner_accounts_account_idx", "practitioner_accounts", ["organization_id", "account_id"])
    protect("practitioner_accounts", "scheduler")
    op.create_table(
        "own_notice_preferences",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("address", sa.LargeBinary),
        sa.Column("opted_in", sa.Boolean, nullable=False),
        sa.Column("quiet_from", sa.Time),
        sa.Column("quiet_until", sa.Time),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.CheckConstraint("channel in ('sms', 'email')", name="channel"),
        sa.CheckConstraint("language in ('en', 'es')", name="language"),
        sa.CheckConstraint("not opted_in or address is not null", name="opted_in"),
        sa.CheckConstraint("(quiet_from is null) = (quiet_until is null)", name="quiet"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name="own_notice_preferences_pkey"),
    )
    protect("own_notice_preferences", "scheduler", grants="select, insert, update")
    _tell_practitioners_too()
    op.create_table(
        "told_schedules",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("practitioner_id", sa.Uuid, nullable=False),
        sa.Column("notice_id", sa.Uuid, nullable=False),
        sa.Column("sessions", JSONB, nullable=False),
        sa.Column("before", JSONB),
        sa.PrimaryKeyConstraint("organization_id", "practitioner_id", name="told_schedules_pkey"),
        _of_practitioner("told_schedules"),
        sa.ForeignKeyConstraint(
            ["organization_id", "notice_id"],
            ["notices.organization_id", "notices.id"],
            name="told_schedules_organization_id_notice_id_fkey",
        ),
    )
    protect("told_schedules", "scheduler")


def _tell_practitioners_too() -> None:
    op.add_column("notices", sa.Column("practitioner_id", sa.Uuid))
    op.alter_column("notices", "patient_id", nullable=True)
    op.create_foreign_key(
        "notices_organization_id_practitioner_id_fkey",
        "notices",
        "practitioners",
        ["organization_id", "practitioner_id"],
        ["organization_id", "id"],
    )
    op.drop_constraint(op.f("notices_kind_check"), "notices")
    op.create_check_constraint("kind", "notices", f"{_OF_PATIENTS}, 'own_schedule_set', 'own_schedule_changed')")
    op.create_check_constraint("recipient", "notices", "num_nonnulls(patient_id, practitioner_id) = 1")
    op.create_check_constraint(
        "own_schedule",
        "notices",
        "(practitioner_id is not null) = (kind in ('own_schedule_set', 'own_schedule_changed'))",
    )


def downgrade() -> None:
    """Forget what practitioners were told: nobody before knows of such notices."""
    op.drop_table("told_schedules")
    op.execute("alter table notices no force row level security")
    op.execute("delete from notices where practitioner_id is not null")
    op.execute("alter table notices force row level security")
    for name in ("own_schedule", "recipient", "kind"):
        op.drop_constraint(op.f(f"notices_{name}_check"), "notices")
    op.create_check_constraint("kind", "notices", f"{_OF_PATIENTS})")
    op.drop_constraint("notices_organization_id_practitioner_id_fkey", "notices")
    op.alter_column("notices", "patient_id", nullable=False)
    op.drop_column("notices", "practitioner_id")
    op.drop_table("own_notice_preferences")
    op.drop_table("practitioner_accounts")
