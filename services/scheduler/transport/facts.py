"""What giving a seat on the way depends on."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import SiteId
from services.contracts.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class Visit:
    """A session that a patient has a seat in."""

    site_id: SiteId
    modality: Modality
    start: datetime
    end: datetime
