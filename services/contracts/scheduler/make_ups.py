"""Make-ups: what a patient missed and is to get in the same week, and where there is room for it."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import AppointmentId, MakeUpId, PatientId, PractitionerId, SiteId
from services.contracts.scheduler.bookings import SeatRequest
from services.contracts.vocabulary import Modality, ServiceKind


class MakeUpStatus(StrEnum):
    """Where a make-up stands."""

    OPEN = "open"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"


class MakeUp(ResourceModel):
    """A missed session that is to be made up for in its week."""

    id: MakeUpId
    site_id: SiteId
    patient_id: PatientId
    week: date = Field(description="The Monday of the week.")
    due: date = Field(description="The last day that counts, in the site's zone.")
    service: ServiceKind
    minutes: int
    missed_appointment_id: AppointmentId
    status: MakeUpStatus
    appointment_id: AppointmentId | None = Field(description="Where it was booked into; null until then.")
    created_at: datetime


class MakeUpBookingRequest(SeatRequest):
    """Names the session in which the patient makes up for what was missed."""

    appointment_id: AppointmentId


class SeatReason(ResourceModel):
    """Why a seat stands where it does among those recommended."""

    code: str
    sentence: str


class RecommendedSeat(ResourceModel):
    """A seat that would do, with what speaks for it; it says nothing of who else sits there (42 CFR 2.13(c))."""

    appointment_id: AppointmentId
    modality: Modality
    start: datetime
    end: datetime
    minutes: int
    practitioner_id: PractitionerId | None
    free_seats: int
    reasons: list[SeatReason]


class RecommendedSeats(ResourceModel):
    """The best seats for a make-up, the best one first; none where nothing in the week fits."""

    make_up_id: MakeUpId
    seats: list[RecommendedSeat]
