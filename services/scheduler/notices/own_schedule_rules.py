"""What there is to tell a practitioner of a schedule. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contracts.scheduler.own_schedules import SessionPart
from services.contracts.vocabulary import Modality, ServiceKind


@dataclass(frozen=True, slots=True)
class OwnSitting:
    """When, how, where and as what a practitioner is to be in a session; nobody is in two at once."""

    service: ServiceKind
    start: datetime
    end: datetime
    modality: Modality
    room_id: UUID | None
    part: SessionPart


Schedule = frozenset[OwnSitting]


@dataclass(frozen=True, slots=True)
class Span:
    """From the first session that is new, other or gone to the end of the last one."""

    start: datetime
    end: datetime


def span_of_changes(told: Collection[OwnSitting], booked: Collection[OwnSitting], now: datetime) -> Span | None:
    """Return over which time a schedule differs from what was told of it; None where nothing ahead does."""
    ahead = [{sitting for sitting in schedule if sitting.start > now} for schedule in (told, booked)]
    changed = ahead[0] ^ ahead[1]
    if not changed:
        return None
    return Span(min(sitting.start for sitting in changed), max(sitting.end for sitting in changed))
