"""What is known of a patient in a session before something is recorded, and of the weeks before one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Attended:
    """One patient's weeks before; a session of which nothing is recorded yet counts as it is booked."""

    minutes: Mapping[date, int]
    last_start: datetime | None

    def last_day(self, zone: ZoneInfo) -> date | None:
        """Return the day of the last session, in a zone; None without any."""
        return None if self.last_start is None else self.last_start.astimezone(zone).date()

    @property
    def first_week(self) -> date | None:
        """The Monday of the first week with a session; None without any."""
        return min(self.minutes, default=None)


NOTHING: Final = Attended({}, None)
