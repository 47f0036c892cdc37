"""What may be offered: the free seats of one session."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.contracts.identifiers import AppointmentId, PatientId, SiteId, WaitlistEntryId
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.facts import SessionFacts


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

    def facts(self, zone: tzinfo) -> SessionFacts:
        """Return the session as the rules of seats see it, but for whom it is meant."""
        return SessionFacts(self.service, self.modality, self.start, self.end, track=None, language=None, zone=zone)
