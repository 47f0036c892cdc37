"""The row of a counter of attempts."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.rows import Base


class AttemptRow(Base):
    """A counter; unlogged, because one that a crash forgets is only one that begins again."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    attempts: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)
