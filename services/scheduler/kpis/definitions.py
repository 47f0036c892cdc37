"""What each key figure means, as data, with its source where there is one."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from services.contracts.scheduler.kpis import KpiCode

FULL_MINUTES: Final = 540


class Definition(NamedTuple):
    """A figure in words."""

    meaning: str
    citation: str | None = None


DEFINITIONS: Final[Mapping[KpiCode, Definition]] = MappingProxyType(
    {
        KpiCode.PLACEMENT_RATE: Definition(
            "patient-weeks in which the published week holds everything the plan requires, of all patient-weeks planned"
        ),
        KpiCode.NINE_HOUR_COMPLIANCE: Definition(
            "patient-weeks with at least 9 hours booked, of all patient-weeks planned, or seated where those are"
            " more; adolescents (6 hours) and taper weeks are held to 9 hours too, so the figure errs on the low side",
            "The ASAM Criteria, 3rd edition (2013), Level 2.1 Intensive Outpatient Services",
        ),
        KpiCode.DAYS_A_WEEK: Definition(
            "days on which a patient has a session, at the site or by video, a patient-week with any"
        ),
        KpiCode.SEAT_FILL: Definition("seats taken, of all seats of group sessions in the book"),
        KpiCode.PRACTITIONER_UTILISATION: Definition(
            "minutes that practitioners lead or co-facilitate, of their shift minutes without breaks, as each week had"
            " them"
        ),
        KpiCode.ROOM_UTILISATION: Definition(
            "minutes that group rooms are used, of their minutes in the opening hours of each week"
        ),
        KpiCode.FAIRNESS_SPREAD: Definition(
            "largest less smallest load of counsellors and therapists, of their mean load; load is contact minutes a"
            " contract minute since the start date, by the contract of each week"
        ),
        KpiCode.CHANGES_PER_REPLAN: Definition(
            "sessions of patients changed by versions after a week's first, a version; reverts and those made by hand"
            " are left out"
        ),
        KpiCode.NOTICE_HOURS: Definition(
            "hours from the publication of such a change to the earlier of the two sessions it is about, a change"
        ),
        KpiCode.WAITLIST_DAYS: Definition("days that those placed in these weeks had waited, a person placed"),
        KpiCode.CALENDAR_CONFLICTS: Definition(
            "booked seats at a time of a commitment known by now, of all booked seats; travel is left out"
        ),
        KpiCode.COHORTS_TOGETHER: Definition(
            "pairs of a cohort that meet in a group of the week, of its pairs of whom both have a group then; a cohort"
            " is who is in it by now"
        ),
    }
)
