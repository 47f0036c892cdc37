"""The rows of proofs that were used."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.rows import Base


class UsedProofRow(Base):
    """That a proof was used, so that nobody uses it again until it is too old anyway; key and `jti` are hashed."""

    __tablename__ = "used_proofs"

    proof_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    forgotten_at: Mapped[datetime] = mapped_column(index=True)
