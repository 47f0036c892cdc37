"""The rows of the outbox."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class RecordSealRow(Base):
    """That a record was sealed, or shredded: written with it in one transaction, kept until the scheduler has acted."""

    __tablename__ = "record_seals"
    __table_args__ = (UniqueConstraint("organization_id", "patient_id", name="record_seals_patient_id_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    organization_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    sealed_at: Mapped[datetime]
