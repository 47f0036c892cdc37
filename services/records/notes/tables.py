"""The rows of progress notes: a draft may change and go; what was signed, and co-signed, may not."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class NoteRow(Base):
    """One author's note of one encounter; the application may add notes and change none."""

    __tablename__ = "notes"
    __table_args__ = (
        UniqueConstraint("organization_id", "encounter_id", "author_id", name="notes_author_key"),
        UniqueConstraint("organization_id", "id", "author_id", name="notes_signer_key"),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(["organization_id", "encounter_id"], ["encounters.organization_id", "encounters.id"]),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    encounter_id: Mapped[UUID]
    author_id: Mapped[UUID]
    created_at: Mapped[datetime]


class NoteDraftRow(Base):
    """What a note says before it is signed; with the signature it goes."""

    __tablename__ = "note_drafts"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "note_id"], ["notes.organization_id", "notes.id"]),
        CheckConstraint("edition >= 1", name="edition"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    edition: Mapped[int]
    details: Mapped[bytes]


class NoteVersionRow(Base):
    """What was signed, by the note's author alone; the application may add versions and change none."""

    __tablename__ = "note_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "note_id", "signed_by"],
            ["notes.organization_id", "notes.id", "notes.author_id"],
            name="note_versions_author_fkey",
        ),
        UniqueConstraint(
            "organization_id", "note_id", "number", "signed_by", "sha256", name="note_versions_signature_key"
        ),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    is_late_entry: Mapped[bool]
    needs_cosignature: Mapped[bool]
    signed_by: Mapped[UUID]
    signed_at: Mapped[datetime]
    sha256: Mapped[bytes]


class NoteCosignatureRow(Base):
    """Who answers for a version beside its author: of the very bytes that were signed, and never the author."""

    __tablename__ = "note_cosignatures"
    __table_args__ = (
        ForeignKeyConstraint(
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
        CheckConstraint("cosigned_by <> signed_by", name="two_people"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    signed_by: Mapped[UUID]
    sha256: Mapped[bytes]
    cosigned_by: Mapped[UUID]
    cosigned_at: Mapped[datetime]
