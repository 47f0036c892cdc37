"""A week's sessions, as rules and storage both speak of them."""

from dataclasses import dataclass

from services.contracts.identifiers import AppointmentId
from services.scheduler.bookings.facts import SessionFacts


@dataclass(frozen=True, slots=True)
class WeekSession:
    """A group session of a week as one patient sees it."""

    id: AppointmentId
    facts: SessionFacts
    free: int
    is_mine: bool
