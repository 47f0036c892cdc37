"""The rows of draw programmes: none of any draw, which follows from the sealed seed and is made when it is due."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class DrawProgrammeRow(Base):
    """One version of a draw programme; of a patient one runs at a time, and only its end is ever written later."""

    __tablename__ = "draw_programmes"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("specimen in ('urine', 'oral_fluid')", name="specimen"),
        CheckConstraint("hazard_tests > 0 and hazard_tests < hazard_opportunities", name="hazard"),
        CheckConstraint("cap_days > 0", name="cap"),
        CheckConstraint("cardinality(call_days) > 0", name="call_days"),
        CheckConstraint("ends_on >= starts_on and ends_on < starts_on + 366", name="length"),
        CheckConstraint("ended_on >= starts_on - 1 and ended_on <= ends_on", name="end"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            (
                func.daterange(text("starts_on"), func.coalesce(text("ended_on"), text("ends_on")) + text("1")),
                "&&",
            ),
            name="draw_programmes_one_excl",
            using="gist",
        ),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    specimen: Mapped[str]
    call_days: Mapped[list[str]] = mapped_column(ARRAY(Text))
    hazard_tests: Mapped[int]
    hazard_opportunities: Mapped[int]
    cap_days: Mapped[int | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    zone: Mapped[str]
    release_at: Mapped[time]
    report_within_minutes: Mapped[int | None]
    seed: Mapped[bytes]
    document: Mapped[str]
    ended_on: Mapped[date | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
