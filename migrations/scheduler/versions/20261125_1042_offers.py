"""Offers of free seats to people who wait, and the secrets with which they answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect, share

revision = "20261125_1042"
down_revision = "20261125_1041"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TABLES = ("offer_rules", "offer_batches", "offers")


def upgrade() -> None:
    op.create_table(
        "offer_rules",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("notice_minutes", sa.Integer, nullable=False),
        sa.CheckConstraint("people > 0 and minutes > 0 and notice_minutes >= 0", name="amounts"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="offer_rules_organization_id_site_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "site_id", name="offer_rules_pkey"),
    )
    _create_batches()
    _create_offers()
    op.create_table(
        "offer_tokens",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("offer_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="offer_tokens_pkey"),
        sa.UniqueConstraint("organization_id", "offer_id", name="offer_tokens_offer_id_key"),
    )
    op.create_index("offer_tokens_expires_at_idx", "offer_tokens", ["expires_at"])
    for table in _TABLES:
        protect(table, "scheduler", grants="select, insert, update")
    share("offer_tokens", "scheduler", grants="select, insert, delete")


def _create_batches() -> None:
    op.create_table(
        "offer_batches",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("appointment_id", sa.Uuid, nullable=False),
        sa.Column("seats", sa.Integer, nullable=False),
        sa.Column("accepted", sa.Integer, nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("0 <= accepted and accepted <= seats", name="accepted"),
        sa.CheckConstraint("seats > 0", name="seats"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="offer_batches_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "appointment_id"],
            ["appointments.organization_id", "appointments.id"],
            name="offer_batches_organization_id_appointment_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="offer_batches_pkey"),
    )
    op.create_index("offer_batches_site_id_idx", "offer_batches", ["organization_id", "site_id", "id"])
    op.create_index("offer_batches_appointment_id_idx", "offer_batches", ["organization_id", "appointment_id"])


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("batch_id", sa.Uuid, nullable=False),
        sa.Column("entry_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("seating", JSONB, nullable=False),
        sa.Column("decided_at", _INSTANT),
        sa.CheckConstraint("status in ('open', 'accepted', 'declined', 'filled', 'withdrawn')", name="status"),
        sa.CheckConstraint("(decided_at is null) = (status = 'open')", name="decided"),
        sa.ForeignKeyConstraint(
            ["organization_id", "batch_id"],
            ["offer_batches.organization_id", "offer_batches.id"],
            name="offers_organization_id_batch_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["waitlist_entries.organization_id", "waitlist_entries.id"],
            name="offers_organization_id_entry_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="offers_pkey"),
        sa.UniqueConstraint("organization_id", "batch_id", "entry_id", name="offers_entry_id_key"),
    )


def downgrade() -> None:
    op.drop_table("offer_tokens")
    for table in reversed(_TABLES):
        op.drop_table(table)
