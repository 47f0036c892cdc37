"""The rows of second factors; they belong to a person, who may work in several organizations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.accounts.tables import AccountRow
from services.gateway.rows import Base


class TotpFactorRow(Base):
    """The sealed secret of a person's one-time codes, and the newest time step that was used."""

    __tablename__ = "totp_factors"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class RecoveryCodeRow(Base):
    """The keyed hash of a recovery code, and when it was used."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id), primary_key=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
