"""The row of an organization."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.rows import Base


class OrganizationRow(Base):
    """An organization; it spans organizations by nature, and its id is everyone else's `organization_id`."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
