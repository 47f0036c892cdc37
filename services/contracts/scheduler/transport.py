"""Transport: vehicles, their runs to a site and back, and the seats on them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, PatientId, RideId, RunId, SiteId, VehicleId


class RunDirection(StrEnum):
    """Whether a run brings people to the site or takes them home."""

    TO_SITE = "to_site"
    FROM_SITE = "from_site"


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
    area: str


class Stop(ResourceModel):
    """Where a vehicle stops, when, and for how many."""

    at: datetime
    area: str
    people: int


class RunSheet(ResourceModel):
    """What a driver needs: times, areas and numbers; no name, and nothing of what for (42 CFR 2.13)."""

    run_id: RunId
    direction: RunDirection
    start: datetime
    end: datetime
    stops: list[Stop]
