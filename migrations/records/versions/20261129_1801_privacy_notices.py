"""Notices of privacy practices, and which of them each patient was given."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.operations import protect

revision = "20261129_1801"
down_revision = "20261129_1701"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_WHOLE = (
    "status <> 'active' or (effective_on is not null and passages ?& array['header', 'uses_without_consent',"
    " 'more_stringent_law', 'uses_with_consent', 'single_consent', 'redisclosure', 'proceedings', 'right_to_restrict',"
    " 'right_to_accounting', 'right_to_intermediary_list', 'right_to_copy', 'right_to_discuss',"
    " 'right_to_refuse_fundraising', 'right_of_access', 'right_to_confidential_communication', 'duty_to_protect',"
    " 'duty_to_abide', 'right_to_change_terms', 'complaints', 'contact']"
    " and (not fundraises or passages ? 'fundraising'))"
)
_SETTLED = (
    "(outcome = 'acknowledged' and document_sha256 is not null and reason is null)"
    " or (outcome = 'not_obtained' and document_sha256 is null and reason is not null"
    " and (cardinality(efforts) > 0 or reason = 'emergency'))"
)


def upgrade() -> None:
    op.create_table(
        "privacy_notices",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("fundraises", sa.Boolean, nullable=False),
        sa.Column("passages", JSONB, nullable=False),
        sa.Column("effective_on", sa.Date),
        sa.Column("changed_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", "version", name="privacy_notices_pkey"),
        sa.CheckConstraint("version >= 1", name=op.f("privacy_notices_version_check")),
        sa.CheckConstraint("status in ('draft', 'active')", name=op.f("privacy_notices_status_check")),
        sa.CheckConstraint(_WHOLE, name=op.f("privacy_notices_elements_check")),
    )
    op.create_index(
        "privacy_notices_active_key",
        "privacy_notices",
        ["organization_id", "language", "effective_on"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_index(
        "privacy_notices_once_key",
        "privacy_notices",
        ["organization_id", "id"],
        unique=True,
        postgresql_where=sa.text("status = 'active'"),
    )
    # What was given to patients is never changed, and neither is what was drafted before it.
    protect("privacy_notices", "records", grants="select, insert")
    op.create_table(
        "privacy_notice_receipts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("notice_id", sa.Uuid, nullable=False),
        sa.Column("notice_version", sa.Integer, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("given_at", _INSTANT, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("document_sha256", sa.Text),
        sa.Column("efforts", ARRAY(sa.Text), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="privacy_notice_receipts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="privacy_notice_receipts_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "notice_id", "notice_version"],
            ["privacy_notices.organization_id", "privacy_notices.id", "privacy_notices.version"],
            name="privacy_notice_receipts_notice_fkey",
        ),
        sa.CheckConstraint("given_at <= recorded_at", name=op.f("privacy_notice_receipts_order_check")),
        sa.CheckConstraint(_SETTLED, name=op.f("privacy_notice_receipts_acknowledgement_check")),
    )
    op.create_index(
        "privacy_notice_receipts_organization_id_patient_id_idx",
        "privacy_notice_receipts",
        ["organization_id", "patient_id"],
    )
    protect("privacy_notice_receipts", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("privacy_notice_receipts")
    op.drop_table("privacy_notices")
