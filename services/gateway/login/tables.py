"""The row of a login session."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import MembershipRow
from services.gateway.rows import Base


class LoginSessionRow(Base):
    """That a person signed in, how, and until when that counts."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"], [MembershipRow.organization_id, MembershipRow.account_id]
        ),
        CheckConstraint("acr in ('aal1', 'aal2')", name="acr"),
        CheckConstraint("cardinality(amr) > 0", name="amr_any"),
        Index(None, "organization_id", "account_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    token_id: Mapped[str]
    """The `jti` of its newest access token."""
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    auth_time: Mapped[datetime]
    amr: Mapped[list[str]] = mapped_column(ARRAY(Text))
    acr: Mapped[str]
    seen_at: Mapped[datetime]
    """When its access token was last renewed: idle time counts from here."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class EndedTokenRow(Base):
    """A token, or a session with all its tokens, refused before it expires; it spans organizations and says nothing."""

    __tablename__ = "ended_tokens"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
