"""What fairness is counted from: contact of practitioners and patients, by part of the week."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final

from services.contracts.identifiers import PatientId, PractitionerId

_NOON: Final = time(12)
_EVENING: Final = time(17)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class PractitionerContact:
    """Minutes that a practitioner leads or co-facilitates in the window."""

    practitioner_id: PractitionerId
    minutes: int
    evening: int
    weekend: int
    days: int


@dataclass(frozen=True, slots=True)
class Employment:
    """For how many minutes a practitioner's contract was in each published week in which there was one."""

    practitioner_id: PractitionerId
    contract_minutes: Mapping[date, int]


@dataclass(slots=True)
class Burden:
    """What a patient had of the window, in minutes: booked, of these at the least preferred times, and unmet."""

    minutes: int = 0
    least_preferred: int = 0
    unmet: int = 0
    days: set[date] = field(default_factory=set)

    @property
    def due(self) -> int:
        """What the patient should have had."""
        return self.minutes + self.unmet


@dataclass(frozen=True, slots=True)
class Attended:
    """A patient's booked session, with the site's offset."""

    patient_id: PatientId
    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """Its length."""
        return int((self.end - self.start).total_seconds()) // 60

    @property
    def part(self) -> str:
        """The part of the week by its start, as preferences name it: the weekend goes by day."""
        if self.start.weekday() >= _SATURDAY:
            return "weekend"
        at = self.start.time()
        return "morning" if at < _NOON else "afternoon" if at < _EVENING else "evening"
