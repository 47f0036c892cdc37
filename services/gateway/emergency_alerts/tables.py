"""The rows of emergencies that records has told of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.rows import Base


class EmergencyEventRow(Base):
    """An event that was received, by the id under which it may come again."""

    __tablename__ = "emergency_events"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    letters: Mapped[int]
    received_at: Mapped[datetime]
