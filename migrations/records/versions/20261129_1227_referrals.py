"""Referrals with the keys that seal them, attempts to reach people, and the likeness that finds a patient again."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1227"
down_revision = "20261129_1226"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("patients", sa.Column("likeness", sa.LargeBinary))
    op.create_index("patients_organization_id_likeness_idx", "patients", ["organization_id", "likeness"])
    _create_referrals()
    _create_keys()
    _create_contacts()


def downgrade() -> None:
    for table in ("referral_contacts", "referral_keys", "referrals"):
        op.drop_table(table)
    op.drop_index("patients_organization_id_likeness_idx", "patients")
    op.drop_column("patients", "likeness")


def _create_referrals() -> None:
    op.create_table(
        "referrals",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("urgency", sa.Text, nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("first_reached_at", _INSTANT),
        sa.Column("intake_due_at", _INSTANT, nullable=False),
        sa.Column("intake_planned_at", _INSTANT),
        sa.Column("intake_held_at", _INSTANT),
        sa.Column("assigned_to", sa.Uuid),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("closing", sa.Text),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="referrals_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="referrals_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id"],
            ["episodes.organization_id", "episodes.id"],
            name="referrals_organization_id_episode_id_fkey",
        ),
        sa.CheckConstraint("status in ('open', 'admitted', 'closed')", name=op.f("referrals_status_check")),
        sa.CheckConstraint("(status = 'closed') = (closing is not null)", name=op.f("referrals_closing_check")),
        sa.CheckConstraint("(status = 'open') = (closed_at is null)", name=op.f("referrals_closed_check")),
        sa.CheckConstraint(
            "(status = 'admitted') = (patient_id is not null) and (status = 'admitted') = (episode_id is not null)",
            name=op.f("referrals_admitted_check"),
        ),
        sa.CheckConstraint("first_reached_at >= received_at", name=op.f("referrals_reached_check")),
        sa.CheckConstraint("intake_held_at >= received_at", name=op.f("referrals_intake_check")),
        sa.CheckConstraint("version >= 1", name=op.f("referrals_version_check")),
    )
    op.create_index(
        "referrals_organization_id_site_id_received_at_idx",
        "referrals",
        ["organization_id", "site_id", "received_at"],
    )
    protect("referrals", "records", grants="select, insert, update")


def _of_referral(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "referral_id"],
        ["referrals.organization_id", "referrals.id"],
        name=f"{table}_organization_id_referral_id_fkey",
    )


def _create_keys() -> None:
    op.create_table(
        "referral_keys",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("referral_id", sa.Uuid, nullable=False),
        sa.Column("organization_key_id", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="referral_keys_pkey"),
        sa.UniqueConstraint("organization_id", "referral_id", name="referral_keys_organization_id_referral_id_key"),
        _of_referral("referral_keys"),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_key_id"],
            ["organization_keys.organization_id", "organization_keys.id"],
            name="referral_keys_organization_id_organization_key_id_fkey",
        ),
    )
    protect("referral_keys", "records")


def _create_contacts() -> None:
    op.create_table(
        "referral_contacts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("referral_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("was_permitted", sa.Boolean, nullable=False),
        sa.Column("by", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="referral_contacts_pkey"),
        _of_referral("referral_contacts"),
    )
    op.create_index(
        "referral_contacts_organization_id_referral_id_idx", "referral_contacts", ["organization_id", "referral_id"]
    )
    protect("referral_contacts", "records", grants="select, insert")
