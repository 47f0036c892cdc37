"""The rows of supervision."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class SupervisionRow(Base):
    """One account supervises another, for a time; the same two once at a time."""

    __tablename__ = "supervisions"
    __table_args__ = (
        CheckConstraint("until_at > from_at", name="order"),
        CheckConstraint("supervisee_id <> supervisor_id", name="two_people"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("supervisee_id", "="),
            ("supervisor_id", "="),
            (func.tstzrange(text("from_at"), text("until_at")), "&&"),
            name="supervisions_once_excl",
            using="gist",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supervisee_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
