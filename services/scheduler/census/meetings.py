"""What the census counts: group meetings of the book, as the site's people know them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from services.contracts.identifiers import PatientId, PractitionerId
from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class BookedMeeting:
    """One booked session with the patients who have a seat that is more than held; times carry the site's offset."""

    week: date
    service: ServiceKind
    track: str | None
    language: str | None
    start: datetime
    end: datetime
    modality: Modality
    capacity: int
    practitioner_id: PractitionerId | None
    patients: AbstractSet[PatientId]

    @property
    def minutes(self) -> int:
        """Its length."""
        return int((self.end - self.start).total_seconds()) // 60

    def is_of_track(self, track: str) -> bool:
        """Whether it is for people of a track: only process groups are kept apart by theirs."""
        return self.service is not ServiceKind.PROCESS_GROUP or self.track == track
