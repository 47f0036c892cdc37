"""Swaps: two seats change hands at once, or one patient goes from one session to a free seat in another."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, PatientId, PractitionerId, SiteId, SwapId
from services.contracts.scheduler.bookings import BrokenRule, ReleaseReason
from services.contracts.scheduler.notices import NoticePreviews
from services.contracts.scheduler.transport import SeatedRequest
from services.contracts.vocabulary import Modality


class SwapSeat(SeatedRequest):
    """A patient's booked seat."""

    appointment_id: AppointmentId
    patient_id: PatientId


class OtherSeat(SeatedRequest):
    """The seat that it is exchanged for."""

    appointment_id: AppointmentId
    patient_id: PatientId | None = Field(default=None, description="Who has it; null for a free seat.")


class SwapRequest(RequestModel):
    """Asks that `first` sit where `second` is, and the other way round; both sessions are of one service, and ahead."""

    first: SwapSeat
    second: OtherSeat
    reason: ReleaseReason
    notify: bool = Field(default=True, description="Whether both are told; each of their own time, and of nobody else.")

    @model_validator(mode="after")
    def _is_an_exchange(self) -> Self:
        if self.first.appointment_id == self.second.appointment_id:
            raise ValueError("first and second must be two sessions")
        if self.first.patient_id == self.second.patient_id:
            raise ValueError("who goes to a free seat leaves second.patient_id out")
        return self


class SwapRefusal(BrokenRule):
    """What speaks against an exchange, and for which side of it; it names nobody."""

    side: str = Field(description="first or second: whose new seat breaks the rule.")


class SwapPreview(ResourceModel):
    """Whether an exchange could be made now, and what people would be told; nothing of it is stored."""

    broken: list[SwapRefusal] = Field(description="Everything that speaks against it; empty where it can be made.")
    notices: NoticePreviews


class SwapPartnersRequest(RequestModel):
    """Asks with whom a patient could exchange a booked seat, or to which free one they could go, within its week."""

    seat: SwapSeat
    limit: Annotated[int, Field(ge=1, le=50)] = 10


class SwapReason(ResourceModel):
    """Why an exchange stands where it does among those recommended."""

    code: str
    sentence: str


class SwapPartner(ResourceModel):
    """A seat that could be exchanged for the patient's at this moment; of whoever has it no more than the book says."""

    appointment_id: AppointmentId
    patient_id: PatientId | None = Field(description="Who has the seat; null for a free one.")
    modality: Modality
    start: datetime
    end: datetime
    practitioner_id: PractitionerId | None = Field(description="Who leads the session.")
    reasons: list[SwapReason]


class SwapPartners(ResourceModel):
    """The exchanges that nothing speaks against, the best one first; why others are not among them is not said."""

    appointment_id: AppointmentId
    patient_id: PatientId
    partners: list[SwapPartner]


class Swap(ResourceModel):
    """An exchange that was made; who sits where now may have changed since."""

    id: SwapId
    site_id: SiteId
    first_appointment_id: AppointmentId
    first_patient_id: PatientId
    second_appointment_id: AppointmentId
    second_patient_id: PatientId | None
    reason: ReleaseReason
    swapped_by: AccountId
    swapped_at: datetime
