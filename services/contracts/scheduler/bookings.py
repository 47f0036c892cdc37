"""Bookings and holds: one patient's seat in one planned session."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, PatientId
from services.contracts.scheduler.transport import SeatedRequest


class SeatRequest(SeatedRequest):
    """What every request says by which somebody of the staff gives a patient seats."""

    notify: bool = Field(default=True, description="Whether the patient is told.")


class BookingRequest(SeatRequest):
    """Asks for a seat, or turns the patient's hold into one."""

    patient_id: PatientId


class HoldRequest(RequestModel):
    """Asks that a seat be kept for a patient while the front desk talks to them."""

    patient_id: PatientId
    minutes: Annotated[int, Field(ge=1, le=15)]


class ReleaseReason(StrEnum):
    """Why a seat is given back."""

    PATIENT_REQUEST = "patient_request"
    ILLNESS = "illness"
    WORK_OR_SCHOOL = "work_or_school"
    TRANSPORT = "transport"
    CLINICAL = "clinical"
    ENTERED_IN_ERROR = "entered_in_error"


class ReleaseRequest(RequestModel):
    """Gives a patient's seat back, booked or held."""

    patient_id: PatientId
    reason: ReleaseReason
    notify: bool = Field(default=True, description="Whether the patient is told; of a seat only held nobody is.")


class BookingStatus(StrEnum):
    """How firmly a seat is taken."""

    HELD = "held"
    BOOKED = "booked"


class Booking(ResourceModel):
    """One patient's seat; it says nothing of who else sits there (42 CFR 2.13(c))."""

    appointment_id: AppointmentId
    patient_id: PatientId
    status: BookingStatus
    held_until: datetime | None = Field(description="When a hold ends by itself; null for a booking.")


class BrokenRule(ResourceModel):
    """What speaks against a seat or an exchange, in a code for programs and words for people; it names nobody."""

    code: str
    sentence: str
