"""Recipients, consents with every version of them, authority, rules on minors, and restrictions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261125_1115"
down_revision = "20261125_1103"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TEXTS = sa.ARRAY(sa.Text)
_IDS = sa.ARRAY(sa.Uuid)

_WHOLE = (
    "status <> 'active' or (disclosing_party is not null and cardinality(information) > 0"
    " and cardinality(recipient_ids) + cardinality(recipient_kinds) > 0 and cardinality(purposes) > 0"
    " and 'right_to_revoke' = any (statements) and 'consequences_of_refusing' = any (statements)"
    " and (kind <> 'general' or 'redisclosure' = any (statements))"
    " and (expires_on is not null or expires_upon is not null)"
    " and (not names_intermediary or treating_participants or cardinality(participant_ids) > 0)"
    " and jsonb_array_length(signatures) > 0 and not signatures @> '[{\"signed_at\": null}]')"
)
_OPEN_END = (
    "status <> 'active' or kind = 'general' or expires_upon is null or expires_upon not in ('none', 'end_of_treatment')"
)
_ALONE = (
    "status <> 'active' or ((kind <> 'general' or purposes <@ array['treatment', 'payment', 'operations'])"
    " and (kind <> 'counselling_notes' or information = array['counselling_notes'])"
    " and (kind = 'counselling_notes' or not 'counselling_notes' = any (information))"
    " and (kind <> 'proceedings' or purposes = array['legal_proceedings'])"
    " and (kind = 'proceedings' or not 'legal_proceedings' = any (purposes)))"
)


def upgrade() -> None:
    _create_recipients()
    _create_consents()
    _create_representatives()
    _create_rules()
    _create_restrictions()


def downgrade() -> None:
    for table in ("restrictions", "minor_consent_rules", "representatives", "consents", "recipients"):
        op.drop_table(table)


def _of_patient(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "patient_id"],
        ["patients.organization_id", "patients.id"],
        name=f"{table}_organization_id_patient_id_fkey",
    )


def _index_by_patient(table: str) -> None:
    op.create_index(f"{table}_organization_id_patient_id_idx", table, ["organization_id", "patient_id"])


def _create_recipients() -> None:
    op.create_table(
        "recipients",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("hipaa_bound", sa.Boolean, nullable=False),
        sa.Column("address", sa.LargeBinary),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="recipients_pkey"),
    )
    protect("recipients", "records", grants="select, insert")


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("disclosing_party", sa.Text),
        sa.Column("information", _TEXTS, nullable=False),
        sa.Column("records_from", sa.Date),
        sa.Column("records_until", sa.Date),
        sa.Column("recipient_ids", _IDS, nullable=False),
        sa.Column("recipient_kinds", _TEXTS, nullable=False),
        sa.Column("names_intermediary", sa.Boolean, nullable=False),
        sa.Column("participant_ids", _IDS, nullable=False),
        sa.Column("treating_participants", sa.Boolean, nullable=False),
        sa.Column("purposes", _TEXTS, nullable=False),
        sa.Column("statements", _TEXTS, nullable=False),
        sa.Column("expires_on", sa.Date),
        sa.Column("expires_upon", sa.Text),
        sa.Column("irrevocable_until", _INSTANT),
        sa.Column("signatures", JSONB, nullable=False),
        sa.Column("effective_at", _INSTANT, nullable=False),
        sa.Column("evidence_sha256", sa.Text),
        sa.Column("changed_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", "version", name="consents_pkey"),
        _of_patient("consents"),
        sa.CheckConstraint("version >= 1", name=op.f("consents_version_check")),
        sa.CheckConstraint(
            "status in ('draft', 'active', 'revoked', 'ended', 'false')", name=op.f("consents_status_check")
        ),
        sa.CheckConstraint(_WHOLE, name=op.f("consents_elements_check")),
        sa.CheckConstraint(_OPEN_END, name=op.f("consents_open_end_check")),
        sa.CheckConstraint(_ALONE, name=op.f("consents_alone_check")),
        sa.CheckConstraint(
            "irrevocable_until is null or kind = 'criminal_justice'", name=op.f("consents_irrevocable_check")
        ),
    )
    _index_by_patient("consents")
    # What was relied upon is kept as it was: versions are added, and the application may change or delete none.
    protect("consents", "records", grants="select, insert")


def _create_representatives() -> None:
    op.create_table(
        "representatives",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("authority_from", _INSTANT, nullable=False),
        sa.Column("authority_until", _INSTANT),
        sa.Column("document_sha256", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="representatives_pkey"),
        _of_patient("representatives"),
        sa.CheckConstraint("authority_until > authority_from", name=op.f("representatives_order_check")),
    )
    _index_by_patient("representatives")
    protect("representatives", "records", grants="select, insert")


def _create_rules() -> None:
    op.create_table(
        "minor_consent_rules",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("majority_age", sa.Integer, nullable=False),
        sa.Column("alone_from_age", sa.Integer),
        sa.Column("citation", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="minor_consent_rules_pkey"),
        sa.CheckConstraint(
            "alone_from_age is null or alone_from_age < majority_age", name=op.f("minor_consent_rules_ages_check")
        ),
    )
    op.create_index(
        "minor_consent_rules_organization_id_site_id_idx",
        "minor_consent_rules",
        ["organization_id", "site_id", "effective_from"],
    )
    protect("minor_consent_rules", "records", grants="select, insert")


def _create_restrictions() -> None:
    op.create_table(
        "restrictions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("information", _TEXTS, nullable=False),
        sa.Column("purposes", _TEXTS, nullable=False),
        sa.Column("recipient_ids", _IDS, nullable=False),
        sa.Column("recipient_kinds", _TEXTS, nullable=False),
        sa.Column("paid_in_full", sa.Boolean, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="restrictions_pkey"),
        _of_patient("restrictions"),
        sa.CheckConstraint("decision in ('granted', 'declined')", name=op.f("restrictions_decision_check")),
        sa.CheckConstraint(
            "decision = 'granted' or not (paid_in_full and 'health_plan' = any (recipient_kinds))",
            name=op.f("restrictions_paid_in_full_check"),
        ),
    )
    _index_by_patient("restrictions")
    protect("restrictions", "records", grants="select, insert, update")
