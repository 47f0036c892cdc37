"""The rows of intake doors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class IntakeDoorRow(Base):
    """A way in; found by its id before anybody knows whose it is, so it spans organizations."""

    __tablename__ = "intake_doors"
    __table_args__ = (Index(None, "organization_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    site_id: Mapped[UUID]
    name: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
