"""The rows of documentation standards."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DocumentationStandardRow(Base):
    """What a site is held to from a day on; the application may add standards and change none."""

    __tablename__ = "documentation_standards"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    effective_from: Mapped[date] = mapped_column(primary_key=True)
    zone: Mapped[str]
    note_rule: Mapped[str]
    plan_rule: Mapped[str]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
