"""The rows of episodes, of their levels of care, and of the clocks that run for them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Date, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.records.rows import Base


class EpisodeRow(Base):
    """An episode; who is discharged and admitted again on one day has two that do not overlap."""

    __tablename__ = "episodes"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "patient_id"], ["patients.organization_id", "patients.id"]),
        CheckConstraint("discharged_on >= admitted_on", name="order"),
        CheckConstraint("first_session_on >= admitted_on", name="first_session"),
        CheckConstraint("(discharged_on is null) = (discharge_reason is null)", name="discharge"),
        CheckConstraint(
            "discharge_reason in ('completed', 'left_against_advice', 'terminated_by_facility', 'transferred',"
            " 'incarcerated', 'death', 'other')",
            name="discharge_reason",
        ),
        CheckConstraint("version >= 1", name="version"),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            ("programme", "="),
            (func.daterange(text("admitted_on"), text("discharged_on")), "&&"),
            name="episodes_one_open_excl",
            using="gist",
        ),
        Index(None, "organization_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID]
    site_id: Mapped[UUID]
    programme: Mapped[str]
    admitted_on: Mapped[date]
    first_session_on: Mapped[date | None]
    taper_weeks: Mapped[list[date]] = mapped_column(ARRAY(Date))
    discharged_on: Mapped[date | None]
    discharge_reason: Mapped[str | None]
    version: Mapped[int]
    created_at: Mapped[datetime]


class DischargeCorrectionRow(Base):
    """What was written down of a discharge before it was corrected; the application may add rows and change none."""

    __tablename__ = "discharge_corrections"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    discharged_on: Mapped[date]
    reason: Mapped[str]
    corrected_by: Mapped[UUID]
    corrected_at: Mapped[datetime]


class EpisodeLevelRow(Base):
    """A level of care from a day on; the application may add levels and change none."""

    __tablename__ = "episode_levels"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        UniqueConstraint("organization_id", "episode_id", "from_on"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(number = 1) = (change = 'admission')", name="admission"),
        CheckConstraint("change in ('admission', 'step_up', 'step_down', 'other_edition')", name="change"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    criteria_edition: Mapped[str]
    level: Mapped[str]
    from_on: Mapped[date]
    change: Mapped[str]
    decided_by: Mapped[UUID]
    created_at: Mapped[datetime]


class EpisodeClockRow(Base):
    """A clock that runs for an episode."""

    __tablename__ = "episode_clocks"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "episode_id"], ["episodes.organization_id", "episodes.id"]),
        UniqueConstraint("organization_id", "episode_id", "code", "starts_on"),
        CheckConstraint("met_on >= starts_on", name="order"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    episode_id: Mapped[UUID]
    code: Mapped[str]
    starts_on: Mapped[date]
    met_on: Mapped[date | None]
    created_at: Mapped[datetime]
