"""The audit trail, care teams, who works at which site, and broken glass."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261125_1040"
down_revision = "20261123_1200"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _create_audit_events()
    _create_memberships()
    _create_emergency_accesses()


def downgrade() -> None:
    for table in ("emergency_accesses", "site_members", "care_team_members", "audit_events"):
        op.drop_table(table)


def _create_audit_events() -> None:
    op.create_table(
        "audit_events",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("lane", sa.SmallInteger),
        sa.Column("number", sa.BigInteger),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "lane", "number", name="audit_events_pkey"),
    )
    # What happened is added, and neither changed nor deleted.
    protect("audit_events", "records", grants="select, insert")


def _create_memberships() -> None:
    for table, of, references in (
        ("care_team_members", "patient_id", True),
        ("site_members", "site_id", False),
    ):
        foreign = (
            [
                sa.ForeignKeyConstraint(
                    ["organization_id", of],
                    ["patients.organization_id", "patients.id"],
                    name=f"{table}_organization_id_{of}_fkey",
                )
            ]
            if references
            else []
        )
        op.create_table(
            table,
            sa.Column("organization_id", sa.Uuid),
            sa.Column("id", sa.Uuid),
            sa.Column(of, sa.Uuid, nullable=False),
            sa.Column("account_id", sa.Uuid, nullable=False),
            sa.Column("from_at", _INSTANT, nullable=False),
            sa.Column("until_at", _INSTANT),
            sa.PrimaryKeyConstraint("organization_id", "id", name=f"{table}_pkey"),
            *foreign,
            sa.CheckConstraint("until_at > from_at", name=f"{table}_order_check"),
        )
        op.execute(
            f"alter table {table} add constraint {table}_once_excl exclude using gist "
            f"(organization_id with =, {of} with =, account_id with =, tstzrange(from_at, until_at) with &&)"
        )
        protect(table, "records", grants="select, insert, update")


def _create_emergency_accesses() -> None:
    op.create_table(
        "emergency_accesses",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("nature", sa.Text, nullable=False),
        sa.Column("opened_at", _INSTANT, nullable=False),
        sa.Column("until_at", _INSTANT, nullable=False),
        sa.Column("reviewed_by", sa.Uuid),
        sa.Column("reviewed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="emergency_accesses_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="emergency_accesses_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("until_at > opened_at", name="emergency_accesses_order_check"),
        sa.CheckConstraint("(reviewed_at is null) = (reviewed_by is null)", name="emergency_accesses_review_check"),
        sa.CheckConstraint("reviewed_by <> account_id", name="emergency_accesses_reviewer_check"),
    )
    op.create_index(
        "emergency_accesses_organization_id_patient_id_idx",
        "emergency_accesses",
        ["organization_id", "patient_id", "account_id"],
    )
    protect("emergency_accesses", "records", grants="select, insert, update")
