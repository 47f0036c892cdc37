"""Hours that are asked of several weeks together, and days that may pass between two sessions. Pure.

No week alone keeps or breaks such a figure. What one can be held to is what is left, spread over the weeks that are
left; the rest shows in the view of the weeks ahead.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import HorizonWeek, WeekRequirements
from services.contracts.rule_packs import EffectiveRule, RuleKey
from services.contracts.scheduler.horizon import HorizonPeriod
from services.scheduler.attendance.facts import NOTHING, Attended
from services.scheduler.rule_packs.rules import WeekRules
from services.scheduler.weeks import SLOT_MINUTES

_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Period:
    """One patient's period as it stands before one of its weeks; `number` counts the weeks from 1."""

    minutes: int
    weeks: int
    number: int
    had: int

    @property
    def fewest(self) -> int:
        """What the week has to have, were every week left to have the same, in whole quarters of an hour."""
        left, weeks_left = max(0, self.minutes - self.had), self.weeks - self.number + 1
        return -(-left // (weeks_left * SLOT_MINUTES)) * SLOT_MINUTES


def period_of(rule: EffectiveRule, week: date, admitted: date | None, attended: Attended) -> Period | None:
    """Return the period that a week belongs to; None where no figure asks, or the patient's period is over.

    It begins in the week of the planned admission or, where the plan says none, of the first session that is known.
    """
    if rule.value is None or rule.weeks is None:
        return None
    first = first_week_of(week, admitted, attended)
    number = (week - first) // _WEEK + 1
    if not 1 <= number <= rule.weeks:
        return None
    had = sum(minutes for of_week, minutes in attended.minutes.items() if first <= of_week < week)
    return Period(rule.value, rule.weeks, number, had)


def first_week_of(week: date, admitted: date | None, attended: Attended) -> date:
    """Return the Monday of a patient's first week; the week in question where nothing is known before it."""
    if admitted is not None:
        return admitted - timedelta(days=admitted.weekday())
    return attended.first_week or week


def period_notes(
    rules: WeekRules, requirements: WeekRequirements, before: Mapping[PatientId, Attended]
) -> Iterator[str]:
    """Say of how many patients the plan asks less of the week than their period still needs of it, and by whom."""
    short: Counter[str] = Counter()
    for patient in requirements.patients:
        rule = rules.alone[patient.payer][RuleKey.PERIOD_MINUTES_FEWEST, None]
        had = before.get(patient.patient_id, NOTHING)
        period = period_of(rule, requirements.week, patient.planned_admission, had)
        planned = sum(one.minutes_per_week for one in patient.required_services)
        if period is not None and rule.source is not None and planned < period.fewest:
            short[f"{period.minutes} minutes in {period.weeks} weeks still need ({rule.source})"] += 1
    for still_need, patients in sorted(short.items()):
        yield f"rule-period: the plans of {patients} of the patients ask for less in this week than {still_need}"


def gaps(days: Iterable[date], last_before: date | None, most: int) -> Iterator[tuple[date, int]]:
    """Yield each day of a week before which more days passed without a session than may, and how many they were."""
    offered = sorted({*days, *(() if last_before is None else (last_before,))})
    for before, day in pairwise(offered):
        passed = (day - before).days - 1
        if passed > most:
            yield day, passed


@dataclass(frozen=True, slots=True)
class Ahead:
    """One patient's weeks ahead: what each plans, in order, and what was had before the first of them."""

    admitted: date | None
    attended: Attended
    planned: Sequence[tuple[date, int]]


def periods_ahead(rule: EffectiveRule, people: Iterable[Ahead], week: date) -> HorizonPeriod | None:
    """Say whose period ends with a week, and how many of them it leaves short as their plans stand; None for nobody."""
    if rule.value is None or rule.weeks is None or rule.source is None:
        return None
    short, ending = list[int](), 0
    for one in people:
        first = first_week_of(one.planned[0][0], one.admitted, one.attended)
        if first + (rule.weeks - 1) * _WEEK != week:
            continue
        ending += 1
        had = sum(minutes for of_week, minutes in one.attended.minutes.items() if of_week >= first)
        comes_to = had + sum(minutes for of_week, minutes in one.planned if first <= of_week <= week)
        if comes_to < rule.value:
            short.append(rule.value - comes_to)
    if not ending:
        return None
    return HorizonPeriod(
        minutes=rule.value,
        weeks=rule.weeks,
        source=rule.source,
        people=ending,
        short_people=len(short),
        minutes_short=sum(short),
    )


def people_ahead(weeks: Iterable[HorizonWeek], attended: Mapping[PatientId, Attended]) -> list[Ahead]:
    """Return everybody who has a plan in any of these weeks, which come in order."""
    planned: dict[PatientId, list[tuple[date, int]]] = defaultdict(list)
    admitted: dict[PatientId, date | None] = {}
    for week in weeks:
        for patient in week.patients:
            minutes = sum(one.minutes_per_week for one in patient.required_services)
            planned[patient.patient_id].append((week.week, minutes))
            admitted[patient.patient_id] = patient.planned_admission
    return [Ahead(admitted[one], attended.get(one, NOTHING), of_weeks) for one, of_weeks in planned.items()]
