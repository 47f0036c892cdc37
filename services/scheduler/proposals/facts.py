"""What stands in the way of a publication, as facts of patients' places. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.contracts.identifiers import PatientId
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.vocabulary import ServiceKind


class Place(NamedTuple):
    """Where a patient would sit: what a change of a proposal and a session of its week have in common."""

    patient_id: PatientId
    service: ServiceKind
    start: datetime


@dataclass(frozen=True, slots=True)
class TelehealthFault:
    """What one patient's session by telehealth lacks."""

    place: Place
    rule: BrokenRule
