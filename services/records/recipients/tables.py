"""The rows of recipients."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RecipientRow(Base):
    """A recipient; name and address are sealed. The application may add entries and change none."""

    __tablename__ = "recipients"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[bytes]
    kind: Mapped[str]
    hipaa_bound: Mapped[bool]
    address: Mapped[bytes | None]
    created_at: Mapped[datetime]
