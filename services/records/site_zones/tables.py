"""The rows of the sites' zones."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class SiteZoneRow(Base):
    """A site's zone, which never changes; the application adds them and changes none."""

    __tablename__ = "site_zones"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID] = mapped_column(primary_key=True)
    zone: Mapped[str]
    told_at: Mapped[datetime]
