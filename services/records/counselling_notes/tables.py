"""The rows of counselling notes, and of the keys that seal them and nothing else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class CounsellingNoteKeyRow(Base):
    """The data key of one patient's counselling notes; whoever destroys the patient's key destroys this one too."""

    __tablename__ = "counselling_note_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "patient_id"),
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        ForeignKeyConstraint(
            ["organization_id", "organization_key_id"], ["organization_keys.organization_id", "organization_keys.id"]
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    organization_key_id: Mapped[UUID]
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class CounsellingNoteRow(Base):
    """One author's note about one patient; the application may add notes and change none."""

    __tablename__ = "counselling_notes"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    author_id: Mapped[UUID]


class CounsellingNoteVersionRow(Base):
    """What a note said at a time; the application may add versions and change none."""

    __tablename__ = "counselling_note_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "note_id"], ["counselling_notes.organization_id", "counselling_notes.id"]
        ),
        CheckConstraint("number >= 1", name="number"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    note_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    details: Mapped[bytes]
    written_at: Mapped[datetime]
