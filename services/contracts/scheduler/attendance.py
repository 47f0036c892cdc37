"""Attendance: who came, who came late, who did not, and what became of a patient's week."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, AttendanceId, PatientId
from services.contracts.scheduler.bookings import ReleaseReason
from services.contracts.vocabulary import Modality, ServiceKind


class AttendanceStatus(StrEnum):
    """What became of a patient's seat, in the words of FHIR R4 Appointment.status; `cancelled` is a call-out."""

    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"
    CANCELLED = "cancelled"


_Seen = Literal[AttendanceStatus.ARRIVED, AttendanceStatus.FULFILLED, AttendanceStatus.NOSHOW]
_Minutes = Annotated[int, Field(ge=0, le=480)]


class _Seeing(RequestModel):
    status: _Seen
    minutes_late: _Minutes | None = Field(
        default=None, description="Where it is left out: by the clock for who arrives now, and else none."
    )
    minutes_left_early: _Minutes = 0

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.status is AttendanceStatus.NOSHOW and (self.minutes_late or self.minutes_left_early):
            raise ValueError("who did not come was neither late nor left early: leave the minutes out")
        if self.minutes_left_early and self.status is not AttendanceStatus.FULFILLED:
            raise ValueError("minutes_left_early goes with the status fulfilled")
        return self


class AttendanceRequest(_Seeing):
    """Tells that a patient came, stayed to the end or left early, or did not come."""

    patient_id: PatientId


class CallOutRequest(RequestModel):
    """Tells before the start that a patient will not come; the seat is free again."""

    patient_id: PatientId
    excused: bool
    reason: ReleaseReason


class AmendmentReason(StrEnum):
    """Why what was recorded is corrected."""

    ENTERED_IN_ERROR = "entered_in_error"
    NEW_INFORMATION = "new_information"


class AttendanceAmendment(_Seeing):
    """Corrects what was recorded; that stays on record, and this takes its place."""

    reason: AmendmentReason


class Attendance(ResourceModel):
    """What was recorded of one patient in one session; a later revision takes the place of the earlier ones."""

    id: AttendanceId
    appointment_id: AppointmentId
    patient_id: PatientId
    revision: int
    is_newest: bool
    status: AttendanceStatus
    excused: bool | None = Field(description="Of a call-out; null for what is none.")
    call_out_reason: ReleaseReason | None
    minutes_late: int
    minutes_left_early: int
    amendment_reason: AmendmentReason | None
    recorded_by: AccountId
    recorded_at: datetime


class ParkedAttendance(ResourceModel):
    """A record that the clinical record refused to take, and is not told any more until somebody says so."""

    id: AttendanceId = Field(description="Of the record that was refused.")
    appointment_id: AppointmentId
    patient_id: PatientId
    revision: int
    attempts: int
    refusal: str = Field(description="The type of the problem that was answered last.")
    parked_at: datetime


class LedgerEntry(ResourceModel):
    """One session of a patient's week; start and end are in UTC, `status` is null until something is recorded."""

    appointment_id: AppointmentId
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    minutes: int
    status: AttendanceStatus | None
    excused: bool | None
    minutes_late: int
    minutes_left_early: int
    makes_up_for: AppointmentId | None


class LedgerLine(ResourceModel):
    """Minutes of one service in a patient's week; make-ups count as made up, and not as planned or attended."""

    service: ServiceKind
    planned_minutes: int
    attended_minutes: int
    late_minutes: int
    missed_minutes: int
    made_up_minutes: int
    open_minutes: int = Field(description="Missed, and neither made up nor booked to be.")


class WeekLedger(ResourceModel):
    """What a patient's week was to be, and what became of it."""

    patient_id: PatientId
    week: date
    services: list[LedgerLine]
    entries: list[LedgerEntry]
