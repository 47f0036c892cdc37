"""Proposals decided on change by change, and who published a version of a week and why."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261123_1310"
down_revision = "20261123_1300"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "proposal_changes",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("proposal_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("before", JSONB),
        sa.Column("after", JSONB),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", _INSTANT),
        sa.CheckConstraint("kind in ('added', 'removed', 'moved', 'reassigned')", name="kind"),
        sa.CheckConstraint("status in ('pending', 'accepted', 'rejected')", name="status"),
        sa.CheckConstraint(
            "(before is null) = (kind = 'added') and (after is null) = (kind = 'removed')",
            name="sessions",
        ),
        sa.CheckConstraint(
            "reason in ('patient_declines', 'clinical', 'continuity', 'staffing', 'short_notice', 'entered_in_error')",
            name="reason",
        ),
        sa.CheckConstraint("(reason is not null) = (status = 'rejected')", name="rejected"),
        sa.ForeignKeyConstraint(
            ["organization_id", "proposal_id"],
            ["proposals.organization_id", "proposals.id"],
            name="proposal_changes_organization_id_proposal_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "proposal_id", "number", name="proposal_changes_pkey"),
    )
    protect("proposal_changes", "scheduler", grants="select, insert, update")
    op.add_column("timetables", sa.Column("reason", sa.Text))
    op.add_column("timetables", sa.Column("reverted_to", sa.Integer))
    op.add_column("timetables", sa.Column("published_by", sa.Uuid))
    op.create_check_constraint(
        "reason",
        "timetables",
        "reason in ('patient_request', 'clinical', 'commitment_changed', 'admission', 'discharge', 'plan_changed', "
        "'staff_absence', 'room_unavailable', 'closure', 'better_week', 'entered_in_error')",
    )
    op.create_check_constraint("reverted_to", "timetables", "0 < reverted_to and reverted_to < version")


def downgrade() -> None:
    op.drop_column("timetables", "published_by")
    op.drop_column("timetables", "reverted_to")
    op.drop_column("timetables", "reason")
    op.drop_table("proposal_changes")
