"""What is kept in a week, as rules and storage both speak of it. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contracts.identifiers import GroupOfferingId
from services.contracts.vocabulary import ServiceKind


@dataclass(frozen=True, slots=True)
class WeeklyKept:
    """So many seats of each meeting of a kind of group that week are not for everybody before they are released."""

    group_offering_id: GroupOfferingId
    service: ServiceKind
    minutes: int
    seats: int
    few_choices: int
    released_at: datetime


def released_at(monday: date, release_days: int, zone: ZoneInfo) -> datetime:
    """Return when the seats of a week are anybody's: at midnight of the site, with its offset of that day."""
    return datetime.combine(monday - timedelta(days=release_days), time.min, zone)
