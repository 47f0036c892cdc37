"""Switching a session to telehealth, and back into a room."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, PatientId, RoomId
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.notices import NoticePreviews
from services.contracts.vocabulary import Modality


class ModalityChangeReason(StrEnum):
    """Why a session takes place otherwise than was published."""

    PATIENT_REQUEST = "patient_request"
    PRACTITIONER_REQUEST = "practitioner_request"
    ILLNESS = "illness"
    WEATHER = "weather"
    TRANSPORT = "transport"
    ROOM_NEEDED = "room_needed"
    ENTERED_IN_ERROR = "entered_in_error"


class ModalityChangeRequest(RequestModel):
    """Asks that a whole session take place by telehealth, or on site again."""

    modality: Modality
    room_id: RoomId | None = Field(default=None, description="Where a group meets on site; null for all others.")
    reason: ModalityChangeReason
    notify: bool = Field(default=True, description="Whether its patients are told.")

    @model_validator(mode="after")
    def _has_a_room_only_on_site(self) -> Self:
        if self.room_id is not None and self.modality is Modality.TELEHEALTH:
            raise ValueError("room_id goes with on_site: telehealth needs no room")
        return self


class ModalityObstacle(BrokenRule):
    """What speaks against the change, and of which patient; null where it is nobody's own."""

    patient_id: PatientId | None


class ModalityChangePreview(ResourceModel):
    """Whether a session could be changed now, and what its patients would be told; nothing of it is stored."""

    obstacles: list[ModalityObstacle] = Field(description="Everything that is missing; empty where it can be changed.")
    notices: NoticePreviews


class ModalityChange(ResourceModel):
    """A change that was made."""

    appointment_id: AppointmentId
    modality: Modality
    room_id: RoomId | None
    reason: ModalityChangeReason
    changed_by: AccountId
    changed_at: datetime
