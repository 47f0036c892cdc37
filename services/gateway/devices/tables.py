"""The rows of devices that wait to be let in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.oauth_clients.tables import OauthClientRow
from services.gateway.rows import Base


class DeviceAuthorizationRow(Base):
    """That a device waits; it spans organizations, because nobody has signed in when it comes."""

    __tablename__ = "device_authorizations"
    __table_args__ = (
        CheckConstraint("status in ('pending', 'allowed', 'declined', 'told')", name="status"),
        CheckConstraint(
            "num_nonnulls(organization_id, grant_id) = 2 * (status in ('allowed', 'told'))::int", name="granted"
        ),
        UniqueConstraint("user_code_hash"),
    )

    device_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    client_id: Mapped[UUID] = mapped_column(ForeignKey(OauthClientRow.id))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    status: Mapped[str]
    organization_id: Mapped[UUID | None]
    grant_id: Mapped[UUID | None]
    interval_seconds: Mapped[int]
    polled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
