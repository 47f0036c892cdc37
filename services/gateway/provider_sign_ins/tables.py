"""The row of a browser that was sent to a provider."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.identity_providers.tables import IdentityProviderRow
from services.gateway.rows import Base


class ProviderRequestRow(Base):
    """What a browser is to bring back: to sign in for an application's request, or to link a session's account."""

    __tablename__ = "provider_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "provider_id"], [IdentityProviderRow.organization_id, IdentityProviderRow.id]
        ),
        CheckConstraint("num_nonnulls(handle, account_id) = 1", name="purpose"),
        CheckConstraint("num_nonnulls(account_id, login_session_id) in (0, 2)", name="session"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    provider_id: Mapped[UUID]
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    handle: Mapped[str | None]
    """Of the authorization request that waits; it opens only in the browser that it was shown in."""
    account_id: Mapped[UUID | None]
    login_session_id: Mapped[UUID | None]
    authenticated_after: Mapped[datetime] = mapped_column(server_default=func.now())
    """When the person must have been authenticated there, at the earliest."""
    expires_at: Mapped[datetime]
