"""Weeks that are published anew without a solver: an earlier version, or one session held otherwise."""

from typing import Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel
from services.contracts.identifiers import PractitionerId, RoomId
from services.contracts.scheduler.timetables import ChangeNumber, TimetableChangeReason
from services.contracts.scheduler.transport import NoRides


class RepublicationRequest(RequestModel):
    """What every request says that publishes a week anew without a solver."""

    reason: TimetableChangeReason
    replace_bookings: bool = False
    notify: bool = Field(default=False, description="Whether to tell patients whose sessions change.")
    no_rides: NoRides = Field(default_factory=list)


class RevertRequest(RepublicationRequest):
    """Asks for the sessions of an earlier version."""

    to_version: ChangeNumber


class ReassignmentRequest(RepublicationRequest):
    """Puts somebody else, or another room, into a session of the published week; what is null stays as it is."""

    practitioner_id: PractitionerId | None = Field(default=None, description="Who leads the group, or holds the visit.")
    co_facilitator_id: PractitionerId | None = None
    room_id: RoomId | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.practitioner_id is None and self.co_facilitator_id is None and self.room_id is None:
            raise ValueError("name at least one of practitioner_id, co_facilitator_id and room_id")
        return self
