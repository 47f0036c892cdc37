"""Progress notes that stay as they were signed, who co-signs whose, deadlines, and counselling notes kept apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.operations import protect

revision = "20261129_1521"
down_revision = "20261129_1228"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    _standards()
    _supervisions()
    _notes()
    _signatures()
    _counselling_notes()


def _standards() -> None:
    op.create_table(
        "documentation_standards",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("site_id", sa.Uuid),
        sa.Column("effective_from", sa.Date),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("note_rule", sa.Text, nullable=False),
        sa.Column("plan_rule", sa.Text, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "site_id", "effective_from", name="documentation_standards_pkey"),
    )
    protect("documentation_standards", "records", grants="select, insert")


def _supervisions() -> None:
    op.create_table(
        "supervisions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("supervisee_id", sa.Uuid, nullable=False),
        sa.Column("supervisor_id", sa.Uuid, nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("until_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="supervisions_pkey"),
        sa.CheckConstraint("until_at > from_at", name=op.f("supervisions_order_check")),
        sa.CheckConstraint("supervisee_id <> supervisor_id", name=op.f("supervisions_two_people_check")),
        postgresql.ExcludeConstraint(
            ("organization_id", "="),
            ("supervisee_id", "="),
            ("supervisor_id", "="),
            (sa.text("tstzrange(from_at, until_at)"), "&&"),
            name="supervisions_once_excl",
            using="gist",
        ),
    )
    protect("supervisions", "records", grants="select, insert, update (until_at)")


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("encounter_id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="notes_pkey"),
        sa.UniqueConstraint("organization_id", "encounter_id", "author_id", name="notes_author_key"),
        sa.UniqueConstraint("organization_id", "id", "author_id", name="notes_signer_key"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="notes_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "encounter_id"],
            ["encounters.organization_id", "encounters.id"],
            name="notes_organization_id_encounter_id_fkey",
        ),
    )
    op.create_index("notes_organization_id_patient_id_idx", "notes", ["organization_id", "patient_id"])
    protect("notes", "records", grants="select, insert")
    op.create_table(
        "note_drafts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("note_id", sa.Uuid),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "note_id", name="note_drafts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "note_id"],
            ["notes.organization_id", "notes.id"],
            name="note_drafts_organization_id_note_id_fkey",
        ),
        sa.CheckConstraint("edition >= 1", name=op.f("note_drafts_edition_check")),
    )
    protect("note_drafts", "records", grants="select, insert, delete, update (edition, details)")


def _signatures() -> None:
    op.create_table(
        "note_versions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("note_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("is_late_entry", sa.Boolean, nullable=False),
        sa.Column("needs_cosignature", sa.Boolean, nullable=False),
        sa.Column("signed_by", sa.Uuid, nullable=False),
        sa.Column("signed_at", _INSTANT, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "note_id", "number", name="note_versions_pkey"),
        sa.UniqueConstraint(
            "organization_id", "note_id", "number", "signed_by", "sha256", name="note_versions_signature_key"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "note_id", "signed_by"],
            ["notes.organization_id", "notes.id", "notes.author_id"],
            name="note_versions_author_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("note_versions_number_check")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("note_versions_sha256_check")),
    )
    # What was signed is added to, never changed and never taken away: not by the application at all.
    protect("note_versions", "records", grants="select, insert")
    op.create_table(
        "note_cosignatures",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("note_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("signed_by", sa.Uuid, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("cosigned_by", sa.Uuid, nullable=False),
        sa.Column("cosigned_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "note_id", "number", name="note_cosignatures_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "note_id", "number", "signed_by", "sha256"],
            [
                "note_versions.organization_id",
                "note_versions.note_id",
                "note_versions.number",
                "note_versions.signed_by",
                "note_versions.sha256",
            ],
            name="note_cosignatures_version_fkey",
        ),
        sa.CheckConstraint("cosigned_by <> signed_by", name=op.f("note_cosignatures_two_people_check")),
    )
    protect("note_cosignatures", "records", grants="select, insert")


def _counselling_notes() -> None:
    op.create_table(
        "counselling_note_keys",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("organization_key_id", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="counselling_note_keys_pkey"),
        sa.UniqueConstraint(
            "organization_id", "patient_id", name="counselling_note_keys_organization_id_patient_id_key"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="counselling_note_keys_organization_id_patient_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_key_id"],
            ["organization_keys.organization_id", "organization_keys.id"],
            name="counselling_note_keys_organization_id_organization_key_id_fkey",
        ),
    )
    protect("counselling_note_keys", "records", grants="select, insert")
    op.create_table(
        "counselling_notes",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("author_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="counselling_notes_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="counselling_notes_organization_id_patient_id_fkey",
        ),
    )
    op.create_index(
        "counselling_notes_organization_id_patient_id_idx", "counselling_notes", ["organization_id", "patient_id"]
    )
    protect("counselling_notes", "records", grants="select, insert")
    op.create_table(
        "counselling_note_versions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("note_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "note_id", "number", name="counselling_note_versions_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "note_id"],
            ["counselling_notes.organization_id", "counselling_notes.id"],
            name="counselling_note_versions_organization_id_note_id_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("counselling_note_versions_number_check")),
    )
    protect("counselling_note_versions", "records", grants="select, insert")


def downgrade() -> None:
    for table in (
        "counselling_note_versions",
        "counselling_notes",
        "counselling_note_keys",
        "note_cosignatures",
        "note_versions",
        "note_drafts",
        "notes",
        "supervisions",
        "documentation_standards",
    ):
        op.drop_table(table)
