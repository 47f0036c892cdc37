"""A session of the book, as disruptions look at it."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.contracts.identifiers import AppointmentId, PractitionerId, RoomId, SiteId
from services.contracts.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """When, where and by whom a session is planned to be held; `week` is its Monday."""

    id: AppointmentId
    site_id: SiteId
    zone: ZoneInfo
    week: date
    start: datetime
    end: datetime
    modality: Modality
    room_id: RoomId | None
    practitioner_ids: frozenset[PractitionerId]
