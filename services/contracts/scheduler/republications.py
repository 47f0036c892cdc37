"""Weeks that are published anew without a solver: an earlier version, or sessions held otherwise."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel
from services.contracts.identifiers import AppointmentId, PractitionerId, RoomId
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


class HeldBy(RequestModel):
    """Who holds a session, and where; what is null stays as it is."""

    practitioner_id: PractitionerId | None = Field(default=None, description="Who leads the group, or holds the visit.")
    co_facilitator_id: PractitionerId | None = None
    room_id: RoomId | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.practitioner_id is None and self.co_facilitator_id is None and self.room_id is None:
            raise ValueError("name at least one of practitioner_id, co_facilitator_id and room_id")
        return self


class ReassignmentRequest(HeldBy, RepublicationRequest):
    """Puts somebody else, or another room, into a session of the published week; what is null stays as it is."""


class SessionHeldBy(HeldBy):
    """Which session of the week is held by whom, and where."""

    appointment_id: AppointmentId


class ReassignmentsRequest(RepublicationRequest):
    """Gives several sessions of a published week to others in one version: two who exchange theirs are two of them."""

    reassignments: Annotated[list[SessionHeldBy], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len({one.appointment_id for one in self.reassignments}) < len(self.reassignments):
            raise ValueError("reassignments names a session twice")
        return self
