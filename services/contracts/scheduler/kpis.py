"""Key figures of a site over a range of weeks, or week by week, each with what it is made of; none names a patient."""

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


class KpiWeek(ResourceModel):
    """What one figure is in one week: the numerator divided by the denominator, null with nothing to divide by."""

    week: date
    value: float | None
    numerator: float
    denominator: float


class KpiSeries(ResourceModel):
    """One figure, and what it is in each week of the range, the first week first."""

    code: KpiCode
    meaning: str
    citation: str | None
    weeks: list[KpiWeek]


class WeeklyKpis(ResourceModel):
    """A site's figures in each week of a range, the first and the last included.

    A week is judged by what was in force then, so far as that is kept: opening hours, shifts and breaks, contract hours
    and roles by the version of that week, shifts that were changed for one week by that change, placements and changes
    by what was published. No history is kept of the rest: in every week the book is as it was left, with seats booked
    or given back by hand, commitments and cohorts are those known by now, and so are the days on which rooms and
    practitioners begin and end, whose site they are, and the zone of the site. Closures, lost rooms and practitioners
    who were out take nothing off the hours that could have been used.
    """

    site_id: SiteId
    first_week: date
    last_week: date
    published_weeks: list[date] = Field(description="Only published weeks count in any figure about the book.")
    figures: list[KpiSeries]


class Kpis(ResourceModel):
    """A site's figures over whole weeks, the first and the last included."""

    site_id: SiteId
    first_week: date
    last_week: date
    published_weeks: int = Field(description="Only published weeks count in any figure about the book.")
    figures: list[Kpi]
