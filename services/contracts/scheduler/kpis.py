"""Key figures of a site over a range of weeks, each with what it is made of; no figure names a patient."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import SiteId


class KpiCode(StrEnum):
    """The figures."""

    PLACEMENT_RATE = "placement_rate"
    NINE_HOUR_COMPLIANCE = "nine_hour_compliance"
    DAYS_A_WEEK = "days_a_week"
    SEAT_FILL = "seat_fill"
    PRACTITIONER_UTILISATION = "practitioner_utilisation"
    ROOM_UTILISATION = "room_utilisation"
    FAIRNESS_SPREAD = "fairness_spread"
    CHANGES_PER_REPLAN = "changes_per_replan"
    NOTICE_HOURS = "notice_hours"
    WAITLIST_DAYS = "waitlist_days"
    CALENDAR_CONFLICTS = "calendar_conflicts"
    COHORTS_TOGETHER = "cohorts_together"


class Kpi(ResourceModel):
    """One figure: `value` is the numerator divided by the denominator, and null where there is nothing to divide by."""

    code: KpiCode
    value: float | None
    numerator: float
    denominator: float
    meaning: str
    citation: str | None


class Kpis(ResourceModel):
    """A site's figures over whole weeks, the first and the last included."""

    site_id: SiteId
    first_week: date
    last_week: date
    published_weeks: int = Field(description="Only published weeks count in any figure about the book.")
    figures: list[Kpi]
