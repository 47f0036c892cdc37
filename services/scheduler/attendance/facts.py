"""What is known of a patient in a session before something is recorded."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.contracts.identifiers import AppointmentId, PatientId, SiteId
from services.contracts.records.encounters import AttendanceEvent
from services.contracts.scheduler.attendance import Attendance
from services.contracts.vocabulary import ServiceKind


@dataclass(frozen=True, slots=True)
class Attendee:
    """A patient and a session that nobody else can change until the transaction ends."""

    appointment_id: AppointmentId
    patient_id: PatientId
    site_id: SiteId
    week: date
    service: ServiceKind
    start: datetime
    end: datetime
    has_seat: bool
    newest: Attendance | None

    @property
    def minutes(self) -> int:
        """How long the session is."""
        return (self.end - self.start) // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What records is to be told, and how often that was tried."""

    event: AttendanceEvent
    attempts: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Parking:
    """That records is not told any more, since when, and the type of the problem it answered last."""

    at: datetime
    refusal: str
