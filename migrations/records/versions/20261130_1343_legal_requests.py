"""Requests that a person answers."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1343"
down_revision = "20261130_1342"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "legal_requests",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("recipient_id", sa.Uuid),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("settled_by", sa.Uuid),
        sa.Column("settled_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="legal_requests_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="legal_requests_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "recipient_id"],
            ["recipients.organization_id", "recipients.id"],
            name="legal_requests_organization_id_recipient_id_fkey",
        ),
        sa.CheckConstraint("kind in ('investigation', 'disclosure_list')", name=op.f("legal_requests_kind_check")),
        sa.CheckConstraint(
            "kind <> 'disclosure_list' or (patient_id is not null and recipient_id is not null"
            " and due_on is not null and due_on <= received_on + 30)",
            name=op.f("legal_requests_disclosure_list_check"),
        ),
        sa.CheckConstraint(
            "outcome in ('answered', 'refused', 'order_awaited')", name=op.f("legal_requests_outcome_check")
        ),
        sa.CheckConstraint(
            "(outcome is null) = (settled_at is null) and (outcome is null) = (settled_by is null)"
            " and (outcome is null) = (answer is null)",
            name=op.f("legal_requests_settled_check"),
        ),
    )
    op.create_index(
        "legal_requests_organization_id_patient_id_idx", "legal_requests", ["organization_id", "patient_id"]
    )
    protect("legal_requests", "records", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("legal_requests")
