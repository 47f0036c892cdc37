"""What a patient's fitting into a session depends on."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as the rules of seats see it; `zone` is the site's."""

    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    track: str | None
    language: str | None
    zone: tzinfo

    def meets(self, other: "SessionFacts") -> bool:
        """Whether both take place at the same time for a while."""
        return self.start < other.end and other.start < self.end
