"""Transport: vehicles, their runs to a site and back, and the seats on them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator, model_validator

from services.contracts.base import Instant, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, PatientId, RideId, RunId, SiteId, VehicleId
from services.contracts.problems import ProblemDetails

_LONGEST_OUT: Final = timedelta(weeks=8)


class RunDirection(StrEnum):
    """Whether a run brings people to the site or takes them home."""

    TO_SITE = "to_site"
    FROM_SITE = "from_site"


class NoRideReason(StrEnum):
    """Why somebody comes on site without a seat on a run although the plan needs transport."""

    OWN_RIDE = "own_ride"
    FAMILY_DRIVES = "family_drives"
    PUBLIC_TRANSIT = "public_transit"
    PAYER_ARRANGES = "payer_arranges"
    PATIENT_DECLINES = "patient_declines"


class SeatedRequest(RequestModel):
    """What every request for a seat on site may say of the way there."""

    no_ride_reason: NoRideReason | None = Field(
        default=None,
        description="Why no ride is needed though the plan needs transport; null has seats of fitting runs taken.",
    )


class NoRide(RequestModel):
    """Says why a patient whose plan needs transport comes without it."""

    patient_id: PatientId
    reason: NoRideReason


NoRides = Annotated[
    list[NoRide],
    Field(
        max_length=5000,
        description="Why patients whose plans need transport come without it where no run with a free seat serves "
        "their sessions; seats that fitting runs have are taken anyway.",
    ),
]


class VehicleRequest(RequestModel):
    """A vehicle of a site."""

    name: Name
    seats: Annotated[int, Field(ge=1, le=60, description="For passengers; the driver's is not one of them.")]


class Vehicle(ResourceModel):
    """A vehicle of a site."""

    id: VehicleId
    site_id: SiteId
    name: str
    seats: int


class RunRequest(RequestModel):
    """One run of a vehicle: from its first stop to its last, the site included."""

    direction: RunDirection
    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _takes_some_time(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class Run(ResourceModel):
    """One run of a vehicle; times have the site's offset."""

    id: RunId
    site_id: SiteId
    vehicle_id: VehicleId
    direction: RunDirection
    start: datetime
    end: datetime
    seats: int
    taken: int


class RideRequest(RequestModel):
    """Asks for a seat on a run before or after a patient's booked session."""

    appointment_id: AppointmentId
    patient_id: PatientId
    stop_at: AwareDatetime = Field(description="When the patient is picked up, or is home again: within the run.")
    area: Name = Field(description="Where that is, as little as the driver needs: a corner, and never a reason.")


class Ride(ResourceModel):
    """A patient's seat on a run; it is free again when the patient's seat in the session is."""

    id: RideId
    run_id: RunId
    appointment_id: AppointmentId
    patient_id: PatientId
    stop_at: datetime
    area: str | None = Field(description="Null where the seat was taken with a booking, and nobody has said where yet.")


class RunRides(ResourceModel):
    """Who has a seat on a run, in order of stops."""

    items: list[Ride]


class RideChange(RequestModel):
    """Says where and when a patient is picked up, or is home again."""

    stop_at: AwareDatetime = Field(description="Within the run.")
    area: Name = Field(description="As little as the driver needs: a corner, and never a reason.")


class FreeRun(ResourceModel):
    """A run with free seats."""

    run_id: RunId
    start: datetime
    end: datetime
    free: int


class MissingRide(ResourceModel):
    """A way that a patient whose plan needs transport has no seat for, and why that matters: when they must be there.

    `at` is when the session begins, for a way to the site, or ends, for the way home; times have the site's offset.
    """

    patient_id: PatientId
    appointment_id: AppointmentId
    direction: RunDirection
    at: datetime
    serving: list[FreeRun] = Field(description="Runs that serve the session and have seats; empty where none does.")
    others: list[FreeRun] = Field(description="The day's other runs that way with free seats, for another session.")


class MissingRides(ResourceModel):
    """Everybody of a week who needs a ride and has neither one nor a reason."""

    items: list[MissingRide]


class MissingRidesProblem(ProblemDetails):
    """The problem document of sessions that somebody would have no way to, or no way home from."""

    missing_rides: list[MissingRide] = Field(
        default_factory=list, description="Left out where something else is the matter."
    )


class VehicleOutRequest(RequestModel):
    """Says that a vehicle makes none of its runs that meet an interval and have not begun."""

    start: Instant
    end: Instant = Field(description="At most eight weeks after the start.")
    notify: bool = Field(default=True, description="Whether everybody is told who had a seat on one of them.")

    @field_validator("end")
    @classmethod
    def _takes_some_time_and_not_for_ever(cls, end: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and not start < end <= start + _LONGEST_OUT:
            raise ValueError("must be after start, and at most eight weeks after it")
        return end


class VehicleOut(ResourceModel):
    """What became of who had a seat on the runs that a vehicle does not make, as far as the caller treats them."""

    vehicle_id: VehicleId
    run_ids: list[RunId] = Field(description="The runs that are off, the first one first.")
    rides: list[Ride] = Field(description="The seats on other runs that people have now.")
    missing_rides: list[MissingRide] = Field(description="Ways that nobody drives any more.")


class Stop(ResourceModel):
    """Where a vehicle stops, when, and for how many."""

    at: datetime
    area: str | None = Field(description="Null where the front desk has not said yet.")
    people: int


class RunSheet(ResourceModel):
    """What a driver needs: times, areas and numbers; no name, and nothing of what for (42 CFR 2.13)."""

    run_id: RunId
    direction: RunDirection
    start: datetime
    end: datetime
    stops: list[Stop]
