"""The waitlist: who waits for a seat, since when, and in which order they are asked."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import Distinct, RequestModel, ResourceModel
from services.contracts.identifiers import PatientId, SiteId, WaitlistEntryId
from services.contracts.vocabulary import ServiceKind, WeeklyWindow


class PriorityFact(StrEnum):
    """What may put a person before others; what each counts for, and by which rule, is configuration."""

    PREGNANT = "pregnant"
    INJECTS_DRUGS = "injects_drugs"
    STEPS_DOWN = "steps_down"


class WaitlistStatus(StrEnum):
    """Where an entry stands."""

    WAITING = "waiting"
    PLACED = "placed"
    REMOVED = "removed"


class RemovalReason(StrEnum):
    """Why somebody waits no longer without having been placed."""

    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    NO_LONGER_NEEDED = "no_longer_needed"
    TREATED_ELSEWHERE = "treated_elsewhere"
    DIED = "died"
    ENTERED_IN_ERROR = "entered_in_error"


_Windows = Annotated[
    list[WeeklyWindow],
    Field(
        max_length=64, description="When the person could come, in wall time of the site's zone; empty for any time."
    ),
]


class WaitlistEntryRequest(RequestModel):
    """Puts a patient on a site's waitlist."""

    patient_id: PatientId
    service: ServiceKind | None = Field(
        default=None, description="The service waited for; null for the whole programme, whatever it contains."
    )
    windows: _Windows = Field(default_factory=list)
    priority_facts: Distinct[PriorityFact] = frozenset()
    since: date | None = Field(
        default=None, description="The day of the request for treatment, where it lies before today; null for today."
    )


class WaitlistEntryChange(RequestModel):
    """Replaces what is known of somebody who waits; since when stays as it is."""

    windows: _Windows
    priority_facts: Distinct[PriorityFact]


class WaitlistRemoval(RequestModel):
    """Takes somebody off the waitlist without a seat."""

    reason: RemovalReason


class WaitlistEntry(ResourceModel):
    """One patient who waits at one site; only staff ever see it."""

    id: WaitlistEntryId
    site_id: SiteId
    patient_id: PatientId
    service: ServiceKind | None
    windows: list[WeeklyWindow]
    priority_facts: list[PriorityFact]
    since: date
    status: WaitlistStatus
    reason: RemovalReason | None
    version: int
    created_at: datetime
    closed_at: datetime | None


class RankReason(ResourceModel):
    """What an entry's place is made of: points, the fact in words, and the rule where there is one."""

    code: str
    points: int
    sentence: str
    citation: str | None


class RankedEntry(ResourceModel):
    """An entry in its place; the score is the sum of the reasons' points."""

    rank: int = Field(description="1 is asked first.")
    score: int
    reasons: list[RankReason]
    admit_by: date | None = Field(
        description="The day by which a rule wants the person admitted; null where none does."
    )
    entry: WaitlistEntry


class WaitlistRank(ResourceModel):
    """A site's waitlist in the order in which people are asked, the longest hundred places of it."""

    site_id: SiteId
    day: date = Field(description="The site's day on which the waiting was counted.")
    waiting: int = Field(description="How many wait and could take this seat, or any.")
    items: list[RankedEntry]
