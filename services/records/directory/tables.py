"""The rows of the public directory; they hold nothing of a patient, and nothing of who searches."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DirectoryProgrammeRow(Base):
    """A programme of the public directory; the organization is whose it is, where one here keeps it."""

    __tablename__ = "directory_programmes"
    __table_args__ = (
        CheckConstraint("latitude between -90 and 90 and longitude between -180 and 180", name="place"),
        Index(None, "latitude", "longitude"),
        Index(None, "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    source: Mapped[str]
    as_of: Mapped[date]
    digest: Mapped[bytes]
    name: Mapped[str]
    second_name: Mapped[str | None]
    street: Mapped[str | None]
    city: Mapped[str]
    region: Mapped[str]
    postal_code: Mapped[str]
    phone: Mapped[str | None]
    website: Mapped[str | None]
    latitude: Mapped[float]
    longitude: Mapped[float]
    intake_door_id: Mapped[UUID | None] = mapped_column(ForeignKey("intake_doors.id"))


class DirectoryFactRow(Base):
    """One statement about a programme, by one kind of source."""

    __tablename__ = "directory_facts"
    __table_args__ = (
        CheckConstraint("kind in ('public_locator', 'programme_attested')", name="kind"),
        Index(None, "facet", "value_key"),
    )

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("directory_programmes.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    facet: Mapped[str] = mapped_column(primary_key=True)
    value_key: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    value: Mapped[str]
    source: Mapped[str]
    as_of: Mapped[date]


class DirectoryAttestationRow(Base):
    """What a programme has stated of itself, as it was sent."""

    __tablename__ = "directory_attestations"

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("directory_programmes.id"), primary_key=True)
    organization_id: Mapped[UUID]
    stated: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attested_by: Mapped[UUID]
    attested_at: Mapped[datetime]
