"""How patients have agreed to be written to, who carries the messages, and the keys that seal both."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1040"
down_revision = "20261125_1033"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_KEPT = "select, insert, update"


def upgrade() -> None:
    op.create_table(
        "organization_keys",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="organization_keys_pkey"),
        sa.UniqueConstraint("organization_id", name="organization_keys_organization_id_key"),
    )
    protect("organization_keys", "scheduler", grants="select, insert")
    op.create_table(
        "patient_keys",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("organization_key_id", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_key_id"],
            ["organization_keys.organization_id", "organization_keys.id"],
            name="patient_keys_organization_id_organization_key_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="patient_keys_pkey"),
        sa.UniqueConstraint("organization_id", "patient_id", name="patient_keys_organization_id_patient_id_key"),
    )
    protect("patient_keys", "scheduler", grants="select, insert, delete")
    op.create_table(
        "notice_preferences",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("address", sa.LargeBinary),
        sa.Column("opted_in", sa.Boolean, nullable=False),
        sa.Column("opted_in_at", _INSTANT),
        sa.Column("recorded_by", sa.Uuid),
        sa.Column("quiet_from", sa.Time),
        sa.Column("quiet_until", sa.Time),
        sa.Column("reminder_hours", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.CheckConstraint("channel in ('sms', 'email')", name="channel"),
        sa.CheckConstraint("language in ('en', 'es')", name="language"),
        sa.CheckConstraint("not opted_in or (address is not null and opted_in_at is not null)", name="opted_in"),
        sa.CheckConstraint("(quiet_from is null) = (quiet_until is null)", name="quiet"),
        sa.CheckConstraint("reminder_hours between 1 and 168", name="reminder_hours"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", name="notice_preferences_pkey"),
    )
    protect("notice_preferences", "scheduler", grants=_KEPT)
    op.create_table(
        "notice_providers",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("quiet_from", sa.Time, nullable=False),
        sa.Column("quiet_until", sa.Time, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.CheckConstraint("version > 0", name="version"),
        sa.PrimaryKeyConstraint("organization_id", name="notice_providers_pkey"),
    )
    protect("notice_providers", "scheduler", grants=_KEPT)


def downgrade() -> None:
    for table in ("notice_providers", "notice_preferences", "patient_keys", "organization_keys"):
        op.drop_table(table)
