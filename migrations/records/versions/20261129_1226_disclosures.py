"""The accounting of disclosures, and what was denied."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1226"
down_revision = "20261129_1225"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_CHECKS = {
    "information": "cardinality(information) > 0",
    "consent": "(basis = 'consent') = (consent_id is not null)",
    "consent_version": "(consent_id is null) = (consent_version is null)",
    "notice": "(basis = 'patient_access') = (notice_version is null)",
    "emergency": (
        "basis <> 'emergency' or (recipient_person is not null and facility is not null"
        " and discloser is not null and nature is not null and review_due)"
    ),
    "court_order": "basis <> 'court_order' or (reference is not null and subpoena is not null and review_due)",
    "approval": "basis not in ('research', 'oversight') or reference is not null",
    "review": "(reviewed_at is null) = (reviewed_by is null)",
    "reviewer": "reviewed_by <> disclosed_by",
}


def upgrade() -> None:
    _create_disclosures()
    _create_denials()


def _create_disclosures() -> None:
    op.create_table(
        "disclosures",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("information", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Uuid),
        sa.Column("consent_version", sa.Integer),
        sa.Column("notice_version", sa.Text),
        sa.Column("redisclosure", sa.Text),
        sa.Column("recipient_person", sa.LargeBinary),
        sa.Column("facility", sa.LargeBinary),
        sa.Column("discloser", sa.LargeBinary),
        sa.Column("nature", sa.Text),
        sa.Column("reference", sa.LargeBinary),
        sa.Column("subpoena", sa.LargeBinary),
        sa.Column("disclosed_by", sa.Uuid, nullable=False),
        sa.Column("disclosed_at", _INSTANT, nullable=False),
        sa.Column("review_due", sa.Boolean, nullable=False),
        sa.Column("reviewed_by", sa.Uuid),
        sa.Column("reviewed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="disclosures_pkey"),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", *columns],
                [f"{table}.organization_id", *(f"{table}.{column}" for column in others)],
                name=f"disclosures_organization_id_{columns[0]}_fkey",
            )
            for columns, table, others in (
                (["patient_id"], "patients", ["id"]),
                (["recipient_id"], "recipients", ["id"]),
                (["consent_id", "consent_version"], "consents", ["id", "version"]),
            )
        ),
        *(sa.CheckConstraint(check, name=op.f(f"disclosures_{name}_check")) for name, check in _CHECKS.items()),
    )
    op.create_index(
        "disclosures_organization_id_patient_id_idx",
        "disclosures",
        ["organization_id", "patient_id", "disclosed_at"],
    )
    protect("disclosures", "records", grants="select, insert")
    # A review is added to an entry; the entry itself is what was disclosed, and stays.
    op.execute("grant update (reviewed_by, reviewed_at) on disclosures to eventide_records_app")


def _create_denials() -> None:
    op.create_table(
        "disclosure_denials",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("information", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("denied_to", sa.Uuid, nullable=False),
        sa.Column("denied_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="disclosure_denials_pkey"),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", column],
                [f"{table}.organization_id", f"{table}.id"],
                name=f"disclosure_denials_organization_id_{column}_fkey",
            )
            for column, table in (("patient_id", "patients"), ("recipient_id", "recipients"))
        ),
    )
    protect("disclosure_denials", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("disclosure_denials")
    op.drop_table("disclosures")
