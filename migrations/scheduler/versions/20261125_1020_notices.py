"""The outbox of what patients are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261125_1020"
down_revision = "20261125_1015"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("starts_at", _INSTANT),
        sa.Column("dedupe_key", sa.Text, nullable=False),
        sa.Column("deliver_after", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("superseded_by", sa.Uuid),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("sent_at", _INSTANT),
        sa.Column("delivered_at", _INSTANT),
        sa.CheckConstraint(
            "kind in ('session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure', 'reminder', "
            "'offer', 'seat_filled', 'week_published')",
            name="kind",
        ),
        sa.CheckConstraint(
            "status in ('queued', 'held', 'sending', 'sent', 'delivered', 'failed', 'cancelled', 'expired')",
            name="status",
        ),
        sa.CheckConstraint("language in ('en', 'es')", name="language"),
        sa.CheckConstraint("status not in ('sent', 'delivered') or sent_at is not null", name="sent"),
        sa.CheckConstraint("(status = 'delivered') = (delivered_at is not null)", name="delivered"),
        sa.CheckConstraint(
            "status not in ('failed', 'cancelled', 'expired', 'held') or reason is not null", name="reason"
        ),
        sa.CheckConstraint("attempts >= 0", name="attempts"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="notices_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="notices_pkey"),
        sa.UniqueConstraint("organization_id", "dedupe_key", name="notices_dedupe_key_key"),
    )
    op.create_index(
        "notices_one_unsent_idx",
        "notices",
        ["organization_id", "patient_id", "appointment_id"],
        unique=True,
        postgresql_where=sa.text(
            "status in ('queued', 'held') and kind in "
            "('session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure')"
        ),
    )
    op.create_index(
        "notices_one_reminder_idx",
        "notices",
        ["organization_id", "patient_id", "appointment_id", "starts_at"],
        unique=True,
        postgresql_where=sa.text("kind = 'reminder'"),
    )
    op.create_index("notices_day_idx", "notices", ["organization_id", "site_id", "deliver_after"])
    op.create_index("notices_patient_idx", "notices", ["organization_id", "patient_id", "id"])
    protect("notices", "scheduler", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("notices")
