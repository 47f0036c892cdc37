"""Whether a patient's booked week keeps the hours and days that are asked of it. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import PlanPhase, PlanRequirement, WeekRequirements
from services.contracts.rule_packs import EffectiveRule, RuleFinding, RuleKey
from services.contracts.scheduler.timetables import Appointment, Session
from services.scheduler.attendance.facts import NOTHING, Attended
from services.scheduler.rule_packs.periods import gaps, period_of
from services.scheduler.rule_packs.rules import WeekRules

_WEEKLY: Final = (RuleKey.WEEK_MINUTES_FEWEST, RuleKey.WEEK_MINUTES_MOST, RuleKey.DAYS_FEWEST)

OF_MORE_THAN_A_WEEK: Final = (RuleKey.GAP_DAYS_MOST, RuleKey.PERIOD_MINUTES_FEWEST)
"""Keys of which a week alone does not show whether they are kept."""


def findings_of(
    rules: WeekRules,
    requirements: WeekRequirements,
    sessions: Iterable[Appointment | Session],
    zone: ZoneInfo,
    before: Mapping[PatientId, Attended],
) -> list[RuleFinding]:
    """Return what is not kept by those who come to these sessions; days are those of the site's zone.

    A taper week lies below the hours by intent (ASAM, 3rd edition), and a week in which somebody comes or goes is not a
    whole one: their fewest hours and days are not asked for, their most still is. Hours of several weeks together are
    held against what was had `before`, and so are the days since the last session.
    """
    minutes: dict[PatientId, Counter[date]] = defaultdict(Counter)
    for session in sessions:
        length = int((session.end - session.start).total_seconds()) // 60
        for patient_id in session.patient_ids:
            minutes[patient_id][session.start.astimezone(zone).date()] += length
    return [
        finding
        for patient in requirements.patients
        for finding in _of_week(
            rules,
            patient,
            minutes.get(patient.patient_id, Counter()),
            requirements.week,
            (before.get(patient.patient_id, NOTHING), zone),
        )
    ]


def _of_week(
    rules: WeekRules, patient: PlanRequirement, days: Mapping[date, int], week: date, before: tuple[Attended, ZoneInfo]
) -> Iterator[RuleFinding]:
    had, zone = before
    yield from _of_patient(rules, patient, days)
    yield from _of_gaps(rules, patient, days, had.last_day(zone))
    yield from _of_period(rules, patient, days, week, had)


def _of_patient(rules: WeekRules, patient: PlanRequirement, days: Mapping[date, int]) -> Iterator[RuleFinding]:
    figures = rules.alone[patient.payer]
    is_whole = patient.phase is not PlanPhase.TAPER and patient.attends_from is None and patient.attends_until is None
    found = {
        RuleKey.WEEK_MINUTES_FEWEST: sum(days.values()),
        RuleKey.WEEK_MINUTES_MOST: sum(days.values()),
        RuleKey.DAYS_FEWEST: len(days),
    }
    for key in _WEEKLY:
        if key.is_maximum or is_whole:
            yield from _finding(patient, figures[key, None], found[key], None)
    for day, minutes in sorted(days.items()):
        yield from _finding(patient, figures[RuleKey.DAY_MINUTES_MOST, None], minutes, day)
        if is_whole:
            yield from _finding(patient, figures[RuleKey.DAY_MINUTES_FEWEST, None], minutes, day)


def _of_gaps(
    rules: WeekRules, patient: PlanRequirement, days: Iterable[date], last_before: date | None
) -> Iterator[RuleFinding]:
    rule = rules.alone[patient.payer][RuleKey.GAP_DAYS_MOST, None]
    if rule.value is None or patient.phase is PlanPhase.TAPER:
        return
    for day, passed in gaps(days, last_before, rule.value):
        yield from _finding(patient, rule, passed, day)


def _of_period(
    rules: WeekRules, patient: PlanRequirement, days: Mapping[date, int], week: date, had: Attended
) -> Iterator[RuleFinding]:
    rule = rules.alone[patient.payer][RuleKey.PERIOD_MINUTES_FEWEST, None]
    period = period_of(rule, week, patient.planned_admission, had)
    found = sum(days.values())
    if period is None or rule.source is None or found >= period.fewest:
        return
    yield RuleFinding(
        patient_id=patient.patient_id,
        key=rule.key,
        figure=period.fewest,
        found=found,
        day=None,
        sentence=f"{found} minutes in week {period.number} of {period.weeks}, where {period.fewest} in each week from "
        f"it on are what is left of {period.minutes} in all: before it there are {period.had}",
        source=rule.source,
    )


def _finding(patient: PlanRequirement, rule: EffectiveRule, found: int, day: date | None) -> Iterator[RuleFinding]:
    if rule.value is None or rule.source is None:
        return
    if found <= rule.value if rule.key.is_maximum else found >= rule.value:
        return
    unit = "minutes" if rule.key.is_minutes else "days"
    bound = "at most" if rule.key.is_maximum else "at least"
    yield RuleFinding(
        patient_id=patient.patient_id,
        key=rule.key,
        figure=rule.value,
        found=found,
        day=day,
        sentence=f"{found} {unit}, where {bound} {rule.value} are asked for",
        source=rule.source,
    )
