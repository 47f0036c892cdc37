"""The rows of letters that have not left."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.rows import Base


class LetterRow(Base):
    """An e-mail on its way; the row goes when it has left, or will not leave any more.

    `content` is sealed: to whom, and the secret that opens what the letter is about. Whether anybody has the address
    is found out by who delivers, so that asking for a letter costs the same for every address.
    """

    __tablename__ = "letters"
    __table_args__ = (
        CheckConstraint("kind in ('password_reset', 'invitation', 'emergency_review')", name="kind"),
        CheckConstraint("attempts >= 0", name="attempts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    due_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    attempts: Mapped[int]
