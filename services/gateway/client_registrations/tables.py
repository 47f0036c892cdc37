"""The rows of permits."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.organizations.tables import OrganizationRow
from services.gateway.rows import Base


class RegistrationPermitRow(Base):
    """What applications may register themselves for; of the token only the SHA-256 is kept."""

    __tablename__ = "registration_permits"
    __table_args__ = (
        UniqueConstraint("organization_id", "token_hash", name="registration_permits_token_hash_key"),
        CheckConstraint("cardinality(scopes) > 0", name="scopes_any"),
        CheckConstraint("uses_left >= 0", name="uses_left"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey(OrganizationRow.id), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    uses_left: Mapped[int]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
