"""Rows of the book; its constraints are what makes a double booking impossible."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    bindparam,
    false,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


def _never_twice(table: str, who: str, where: str) -> ExcludeConstraint:
    return ExcludeConstraint(
        (Column("organization_id"), "="),
        (Column(who), "="),
        (Column("during"), "&&"),
        where=text(where),
        using="gist",
        name=f"{table}_{who}_during_excl",
    )


class AppointmentRow(Base):
    """A planned session; seats taken never exceed its capacity, and a room holds one at a time.

    It keeps its identifier from one version of the week to the next while it can be called the same. `sequence` goes up
    whenever its people must be told: another time, place or practitioner, or that it is off (RFC 5545, 3.8.7.4).
    `released` names who has a seat by the published version and gave it back. `modality_by_hand` tells that somebody
    has let it take place by video, or in a room again, otherwise than the published version has it. `seat_limit` is how
    many seats a change of the setup has left it, where more were taken: they are not given again.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(["organization_id", "room_id"], ["rooms.organization_id", "rooms.id"]),
        CheckConstraint("status in ('booked', 'cancelled')", name="status"),
        CheckConstraint("modality in ('on_site', 'telehealth')", name="modality"),
        CheckConstraint("0 <= taken and taken <= capacity", name="seats"),
        CheckConstraint("seat_limit >= 0", name="seat_limit"),
        CheckConstraint("sequence >= 0", name="sequence"),
        CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        _never_twice("appointments", "room_id", "status = 'booked'"),
        Index("appointments_week_idx", "organization_id", "site_id", "week", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    week: Mapped[date]
    timetable_version: Mapped[int]
    status: Mapped[str]
    service: Mapped[str]
    modality: Mapped[str]
    room_id: Mapped[UUID | None]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    track: Mapped[str | None]
    language: Mapped[str | None]
    capacity: Mapped[int]
    taken: Mapped[int]
    seat_limit: Mapped[int | None]
    sequence: Mapped[int] = mapped_column(server_default="0")
    changed_at: Mapped[datetime]
    released: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    modality_by_hand: Mapped[bool] = mapped_column(server_default=false())


class AppointmentPractitionerRow(Base):
    """Who leads or co-facilitates; nobody is in two booked sessions at once."""

    __tablename__ = "appointment_practitioners"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        ForeignKeyConstraint(
            ["organization_id", "practitioner_id"], ["practitioners.organization_id", "practitioners.id"]
        ),
        CheckConstraint("part in ('lead', 'co_facilitator')", name="part"),
        _never_twice("appointment_practitioners", "practitioner_id", "booked"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[str]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    booked: Mapped[bool]


class AppointmentPatientRow(Base):
    """Who attends, or for whom a seat is held a while; nobody is in two booked sessions at once.

    `by_hand` tells a seat that somebody gave from one that the published version has.
    """

    __tablename__ = "appointment_patients"
    __table_args__ = (
        CheckConstraint("booked or held_until is null", name="held"),
        # What goes with a seat refers to it together with this, and so hears when it counts no more.
        UniqueConstraint(
            "organization_id", "appointment_id", "patient_id", "booked", name="appointment_patients_booked_key"
        ),
        CheckConstraint("held_until is null or by_hand", name="by_hand"),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        _never_twice("appointment_patients", "patient_id", "booked"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    booked: Mapped[bool]
    held_until: Mapped[datetime | None]
    by_hand: Mapped[bool] = mapped_column(server_default=false())


EXPIRED_HOLDS: Final = (
    select(func.count())
    .where(
        AppointmentPatientRow.organization_id == AppointmentRow.organization_id,
        AppointmentPatientRow.appointment_id == AppointmentRow.id,
        AppointmentPatientRow.held_until <= bindparam("now", type_=TIMESTAMP(timezone=True)),
    )
    .scalar_subquery()
)
"""How many seats of an appointment are held by holds that are over at the moment `now`."""
