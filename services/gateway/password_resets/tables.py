"""The rows of links that give a new password."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import AccountRow
from services.gateway.rows import Base


class PasswordResetRow(Base):
    """A link that was sent to a person and not used; of its secret only the SHA-256 is kept."""

    __tablename__ = "password_resets"

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
