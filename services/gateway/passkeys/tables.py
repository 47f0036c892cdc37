"""The rows of passkeys and of the challenges that they sign; they belong to a person, as second factors do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import AccountRow
from services.gateway.rows import Base


class PasskeyRow(Base):
    """A public key, and how often its device says that it has signed; many devices always say 0."""

    __tablename__ = "passkeys"
    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """In COSE (RFC 9053), as the device sent it."""
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    is_synced: Mapped[bool]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class ChallengeRow(Base):
    """A challenge that waits to be signed: for which purpose, and by whom, in which session or browser."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (CheckConstraint("purpose in ('register', 'sign_in', 'step_up')", name="purpose"),)

    challenge_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    account_id: Mapped[UUID | None]
    login_session_id: Mapped[UUID | None]
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(index=True)
