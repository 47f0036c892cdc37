"""Rows of licences."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class LicenceRow(Base):
    """A licence; nobody has two of one jurisdiction on one day."""

    __tablename__ = "licences"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        CheckConstraint("not isempty(valid) and not lower_inf(valid)", name="valid"),
        ExcludeConstraint(
            (Column("organization_id"), "="),
            (Column("practitioner_id"), "="),
            (Column("jurisdiction"), "="),
            (Column("valid"), "&&"),
            using="gist",
            name="licences_valid_excl",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID]
    jurisdiction: Mapped[str]
    valid: Mapped[Range[date]] = mapped_column(DATERANGE)
    created_at: Mapped[datetime]
