"""What may be offered: the free seats of one session."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import AppointmentId, PatientId, SiteId, WaitlistEntryId
from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class FreeSeats:
    """A session with seats that are neither taken nor on offer."""

    appointment_id: AppointmentId
    site_id: SiteId
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    free: int
    seated: AbstractSet[PatientId]
    asked: AbstractSet[WaitlistEntryId]
