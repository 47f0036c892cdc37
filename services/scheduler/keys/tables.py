"""The rows of keys; each is wrapped by the one above it, the root key at the top."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class OrganizationKeyRow(Base):
    """An organization's key."""

    __tablename__ = "organization_keys"
    __table_args__ = (UniqueConstraint("organization_id"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes]
    created_at: Mapped[datetime]


class PatientKeyRow(Base):
    """A patient's data key; without this row, what is sealed about the patient here cannot be read again."""

    __tablename__ = "patient_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "patient_id"),
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
