"""The rows of patients, and of the keys that seal what is written about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class PatientRow(Base):
    """A patient; the bytes are sealed."""

    __tablename__ = "patients"
    __table_args__ = (
        Index(None, "organization_id", "site_id"),
        Index(None, "organization_id", "likeness"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    given_name: Mapped[bytes]
    family_name: Mapped[bytes]
    birth_date: Mapped[bytes]
    site_id: Mapped[UUID]
    version: Mapped[int]
    created_at: Mapped[datetime]
    likeness: Mapped[bytes | None]
    """Keyed digest of name and birth date, by which the same person is found again; whoever destroys the patient's key
    clears it too."""
    sealed_at: Mapped[datetime | None]
    """Since when nobody reads it: the programme has closed, and nothing opens it again."""


class PatientVersionRow(Base):
    """What a correction has replaced, sealed; the application may add rows and change none."""

    __tablename__ = "patient_versions"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        UniqueConstraint("organization_id", "patient_id", "version"),
        CheckConstraint(
            "reason in ('entered_wrongly', 'name_changed', 'identity_verified', 'other_site')", name="reason"
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    version: Mapped[int]
    identity: Mapped[bytes]
    site_id: Mapped[UUID]
    reason: Mapped[str]
    corrected_by: Mapped[UUID]
    corrected_at: Mapped[datetime]


class PatientKeyRow(Base):
    """A patient's data key, wrapped by the organization's; without this row the patient cannot be read again."""

    __tablename__ = "patient_keys"
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
