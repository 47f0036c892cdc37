"""Groups that are opened in a published week, as capacity advice names them."""

from typing import Annotated

from pydantic import AwareDatetime, Field

from services.contracts.base import Language, ResourceModel
from services.contracts.identifiers import GroupOfferingId, PatientId, PractitionerId, RoomId
from services.contracts.scheduler.republications import RepublicationRequest
from services.contracts.scheduler.timetables import Session, Timetable
from services.contracts.vocabulary import Modality


class GroupOpeningRequest(RepublicationRequest):
    """One group meeting more; whoever and whatever is not named is chosen as the advice counted on it."""

    group_offering_id: GroupOfferingId
    modality: Modality
    start: AwareDatetime
    track: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="Of a process group, whose people are all of one track; null for other groups."
    )
    language: Language
    practitioner_id: PractitionerId | None = Field(default=None, description="Who leads it; null for whoever is free.")
    co_facilitator_id: PractitionerId | None = Field(
        default=None, description="Null for whoever is free, where so many come that somebody has to assist."
    )
    room_id: RoomId | None = Field(default=None, description="Null for the smallest one that is free and large enough.")
    patient_ids: Annotated[list[PatientId], Field(max_length=50)] | None = Field(
        default=None, description="Who gets a seat; null for those who lack the most of the service and can come."
    )


class OpenedGroup(ResourceModel):
    """The week with the group in it, and the group as it is booked."""

    timetable: Timetable
    group: Session
