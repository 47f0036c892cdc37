"""Rows of transport; its constraints are what makes a seat too many impossible."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint, text, true
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.scheduler.rows import Base


class VehicleRow(Base):
    """A vehicle of a site."""

    __tablename__ = "vehicles"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        CheckConstraint("seats > 0", name="seats"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    name: Mapped[str]
    seats: Mapped[int]
    created_at: Mapped[datetime]


class RunRow(Base):
    """A run of a vehicle, which makes one at a time."""

    __tablename__ = "runs"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "site_id"], ["sites.organization_id", "sites.id"]),
        ForeignKeyConstraint(["organization_id", "vehicle_id"], ["vehicles.organization_id", "vehicles.id"]),
        CheckConstraint("direction in ('to_site', 'from_site')", name="direction"),
        CheckConstraint("not isempty(during) and not lower_inf(during) and not upper_inf(during)", name="during"),
        UniqueConstraint("organization_id", "id", "seats", name="runs_seats_key"),
        ExcludeConstraint(
            (Column("organization_id"), "="),
            (Column("vehicle_id"), "="),
            (Column("during"), "&&"),
            using="gist",
            name="runs_vehicle_id_during_excl",
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    site_id: Mapped[UUID]
    vehicle_id: Mapped[UUID]
    direction: Mapped[str]
    during: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    seats: Mapped[int]
    created_at: Mapped[datetime]


class RideRow(Base):
    """A numbered seat of a run: no number is given twice, and none above what the run has.

    It goes with the seat in the session: deleted with it, and no more `booked` where that is not.
    """

    __tablename__ = "rides"
    __table_args__ = (
        ForeignKeyConstraint(["organization_id", "run_id", "seats"], ["runs.organization_id", "runs.id", "runs.seats"]),
        ForeignKeyConstraint(
            ["organization_id", "appointment_id", "patient_id", "booked"],
            [
                "appointment_patients.organization_id",
                "appointment_patients.appointment_id",
                "appointment_patients.patient_id",
                "appointment_patients.booked",
            ],
            name="rides_seat_fkey",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        CheckConstraint("seat between 1 and seats", name="seat"),
        Index("rides_seat_key", "organization_id", "run_id", "seat", unique=True, postgresql_where=text("booked")),
        Index(
            "rides_patient_key", "organization_id", "run_id", "patient_id", unique=True, postgresql_where=text("booked")
        ),
        Index("rides_appointment_idx", "organization_id", "appointment_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    seats: Mapped[int]
    seat: Mapped[int]
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    booked: Mapped[bool] = mapped_column(server_default=true())
    stop_at: Mapped[datetime]
    area: Mapped[str | None]
    created_at: Mapped[datetime]


class RideWaiverRow(Base):
    """Why a patient whose plan needs transport comes without; the application may add such rows and change none.

    It holds for the session while that begins at `session_start`: at another time somebody has to say so again.
    """

    __tablename__ = "ride_waivers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "appointment_id"], ["appointments.organization_id", "appointments.id"]
        ),
        CheckConstraint(
            "reason in ('own_ride', 'family_drives', 'public_transit', 'payer_arranges', 'patient_declines')",
            name="reason",
        ),
        Index("ride_waivers_appointment_idx", "organization_id", "appointment_id", "patient_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    appointment_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    session_start: Mapped[datetime]
    reason: Mapped[str]
    waived_at: Mapped[datetime]
