"""What is true of treatment plans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import Any, Final

from services.contracts.identifiers import PatientId
from services.contracts.problems import InvalidField
from services.contracts.records.episodes import Episode
from services.contracts.records.level_findings import LevelFinding
from services.contracts.records.treatment_plans import (
    HorizonWeek,
    PatientWeek,
    PlannedService,
    PlanPhase,
    PlanRequirement,
    RequiredService,
    TreatmentPlan,
    TreatmentPlanRequest,
)
from services.contracts.rule_packs import Population
from services.contracts.vocabulary import ServiceKind
from services.records.episodes.rules import held_on
from services.records.episodes.stays import Stays
from services.records.placement_reviews.criteria import edition_of
from services.records.treatment_plans.rule_packs import RULE_PACKS, SESSION_LENGTHS, RulePack

_MONDAY: Final = 0
_TO_SUNDAY: Final = timedelta(days=6)
_NO_STAYS: Final = Stays()


@dataclass(frozen=True, slots=True)
class AllowedMinutes:
    """The minutes a week that a plan may come to."""

    fewest: int
    most: int

    def __contains__(self, minutes: int) -> bool:
        return self.fewest <= minutes <= self.most

    @property
    def words(self) -> str:
        """The range as a person says it."""
        if self.fewest % 60:
            return f"more than 0 and at most {self.most // 60} hours"
        return f"{self.fewest // 60} to {self.most // 60} hours"


def is_monday(day: date) -> bool:
    """Whether a day begins a week (ISO 8601)."""
    return day.weekday() == _MONDAY


def rule_pack_on(day: date) -> RulePack | None:
    """Return the rule pack that applies on a day, or None before the first."""
    return next((pack for pack in reversed(RULE_PACKS) if pack.applies_from <= day), None)


def allowed_minutes(pack: RulePack, age: int, phase: PlanPhase) -> AllowedMinutes:
    """Return the minutes that a week may come to.

    One or two weeks below the minimum still continue the level of care when they taper off (ASAM, 3rd edition).
    """
    hours = pack.adults if age >= pack.adult_age else pack.adolescents
    fewest = 1 if phase is PlanPhase.TAPER else hours.fewest * 60
    return AllowedMinutes(fewest, hours.most * 60)


def counted_minutes(pack: RulePack, required_services: Iterable[RequiredService]) -> int:
    """Add up the minutes that make up the week's hours."""
    return sum(required.minutes_per_week for required in required_services if required.service in pack.counted)


def usual_weeks(required_services: Sequence[PlannedService]) -> list[list[PlannedService]]:
    """Return what a plan requires of its fullest week, and of its emptiest."""
    return [list(required_services), [one for one in required_services if one.every_weeks == 1]]


def services_of(plan: TreatmentPlan, monday: date) -> list[RequiredService]:
    """Return what a plan requires of a week: what is not every week's, counted from the plan's first week."""
    taper = next((taper for taper in plan.taper_weeks if taper.week == monday), None)
    if taper is not None:
        return taper.required_services
    number = (monday - plan.effective_from + timedelta(days=plan.effective_from.weekday())).days // 7
    return [
        RequiredService(service=one.service, minutes_per_week=one.minutes_per_week)
        for one in plan.required_services
        if number % one.every_weeks == 0
    ]


def week_of(plan: TreatmentPlan, monday: date) -> PlanRequirement | None:
    """Return what a plan that is in force requires of a week, or None where the patient does not attend in it."""
    sunday = monday + _TO_SUNDAY
    first, last = plan.planned_admission, plan.planned_discharge
    if (first is not None and first > sunday) or (last is not None and last < monday):
        return None
    is_taper = any(taper.week == monday for taper in plan.taper_weeks)
    values = plan.model_dump(include=set(PlanRequirement.model_fields))
    return PlanRequirement.model_validate(
        {
            **values,
            "plan_version": plan.version,
            "phase": PlanPhase.TAPER if is_taper else plan.phase,
            "required_services": services_of(plan, monday),
            "attends_from": first if first is not None and first > monday else None,
            "attends_until": last if last is not None and last < sunday else None,
        }
    )


def is_tapering(plan: TreatmentPlanRequest, taper_weeks: frozenset[date]) -> bool:
    """Whether a plan lasts no longer than weeks in which fewer hours still continue the level of care."""
    if plan.planned_discharge is None or plan.planned_discharge < plan.effective_from:
        return False
    monday = plan.effective_from - timedelta(days=plan.effective_from.weekday())
    weeks = (plan.planned_discharge - monday).days // 7 + 1
    return all(monday + timedelta(weeks=number) in taper_weeks for number in range(weeks))


def within_stay(required: PlanRequirement, monday: date, stays: Stays) -> PlanRequirement | None:
    """Return what a week requires as the patient's episodes have it, or None where it begins after the discharge.

    A taper week of an episode raises no alarm at fewer hours.
    """
    changes: dict[str, Any] = {}
    left = left_on(required, stays)
    if left is not None:
        if left < monday:
            return None
        if left < (required.attends_until or monday + _TO_SUNDAY):
            changes["attends_until"] = left
    if monday in stays.taper_weeks.get(required.patient_id, ()):
        changes["phase"] = PlanPhase.TAPER
    return required.model_copy(update=changes) if changes else required


def left_on(plan: PlanRequirement | TreatmentPlan, stays: Stays) -> date | None:
    """Return the last day of who has been discharged, or None where the plan says that they come back after it."""
    left = stays.left_on.get(plan.patient_id)
    returns = left is not None and plan.planned_admission is not None and plan.planned_admission > left
    return None if returns else left


def weeks_until(plans: Sequence[TreatmentPlan], monday: date, stays: Stays, taper_weeks: int) -> list[PlanRequirement]:
    """Return what a patient's plans require of a week and, where it is one of a taper, of as many before it.

    `plans` come newest first; none is of a week in which the patient does not attend, nor of one before it.
    """
    found: list[PlanRequirement] = []
    for number in range(taper_weeks + 1):
        week = monday - timedelta(weeks=number)
        plan = next((one for one in plans if one.effective_from <= week + _TO_SUNDAY), None)
        required = None if plan is None else _week_within_stay(plan, week, stays)
        if required is None:
            break
        found.append(required)
        if found[-1].phase is not PlanPhase.TAPER:
            break
    return found


def _week_within_stay(plan: TreatmentPlan, monday: date, stays: Stays) -> PlanRequirement | None:
    required = week_of(plan, monday)
    return None if required is None else within_stay(required, monday, stays)


def horizon_week(plans: Iterable[TreatmentPlan], monday: date, stays: Stays = _NO_STAYS) -> HorizonWeek:
    """Return what the plans require of a week ahead, each by its newest version that is effective by then.

    `plans` come with each patient's newest version first.
    """
    in_force: dict[PatientId, TreatmentPlan] = {}
    for plan in plans:
        if plan.effective_from <= monday + _TO_SUNDAY:
            in_force.setdefault(plan.patient_id, plan)
    found = [(plan, _week_within_stay(plan, monday, stays)) for plan in in_force.values()]
    return HorizonWeek(
        week=monday,
        patients=[
            PatientWeek(
                patient_id=plan.patient_id,
                phase=required.phase,
                planned_admission=plan.planned_admission,
                required_services=required.required_services,
                track=plan.track,
                languages=plan.languages,
                modalities=plan.modalities,
                travel_minutes=plan.travel_minutes,
                is_admission=_is_within(plan.planned_admission, monday),
                is_discharge=_is_within(plan.planned_discharge, monday) or _is_within(left_on(plan, stays), monday),
            )
            for plan, required in found
            if required is not None
        ],
    )


def _is_within(day: date | None, monday: date) -> bool:
    return day is not None and monday <= day <= monday + _TO_SUNDAY


def taper_faults(pack: RulePack, age: int, plan: TreatmentPlanRequest) -> tuple[InvalidField, ...]:
    """Say what is wrong with a plan's taper weeks, and what would be right.

    A taper week requires no more of anything than the plan's other weeks, and less in all; so many weeks below the
    level's fewest hours still continue it as the pack says.
    """
    usual = {required.service: required.minutes_per_week for required in plan.required_services}
    allowed = allowed_minutes(pack, age, PlanPhase.INTENSIVE)
    faults = []
    below = 0
    for index, taper in enumerate(plan.taper_weeks):
        pointer = f"/taper_weeks/{index}/required_services"
        minutes = counted_minutes(pack, taper.required_services)
        below += minutes < allowed.fewest
        if any(required.minutes_per_week > usual.get(required.service, 0) for required in taper.required_services):
            faults.append((pointer, "must require no more of any service than required_services does"))
        elif not 0 < minutes < counted_minutes(pack, plan.required_services):
            faults.append((pointer, "must require less than required_services does, and more than nothing"))
        elif below > pack.taper_weeks:
            words = f"must not be the {below}. week below {allowed.fewest // 60} hours: {pack.taper_weeks} at most"
            faults.append((pointer, f"{words} ({pack.citation})"))
        faults += [
            (f"{pointer}/{number}/minutes_per_week", remedy)
            for number, required in enumerate(taper.required_services)
            if (remedy := _remedy(required)) is not None
        ]
    return tuple(InvalidField(location="body", pointer=pointer, detail=detail) for pointer, detail in faults)


def unschedulable(plan: TreatmentPlanRequest) -> tuple[InvalidField, ...]:
    """Say which parts of a plan no week could contain, and what would be right."""
    fields = [
        InvalidField(location="body", pointer=f"/required_services/{index}/minutes_per_week", detail=remedy)
        for index, required in enumerate(plan.required_services)
        if (remedy := _remedy(required)) is not None
    ]
    wants_family = any(required.service is ServiceKind.FAMILY for required in plan.required_services)
    if wants_family and not plan.family_available:
        remedy = "must say when the family can come, as family is a required service"
        fields.append(InvalidField(location="body", pointer="/family_available", detail=remedy))
    return tuple(fields)


def _remedy(required: RequiredService) -> str | None:
    lengths = SESSION_LENGTHS[required.service]
    if required.minutes_per_week % lengths.step == 0 and required.minutes_per_week <= lengths.most:
        return None
    return f"must be a multiple of {lengths.step}, {lengths.most} at most, for {required.service.value}"


def level_finding(episode: Episode, weeks: Sequence[PlanRequirement], age: int, day: date) -> LevelFinding | None:
    """Return what does not fit between a week's hours and the level that holds on a day, or None where they do.

    `weeks` are this one and those before it in which the patient attended, newest first. A taper continues the level
    for as many weeks below its hours as the pack says, and no longer; where the edition has no figure for the level,
    nothing is said.
    """
    pack, held = rule_pack_on(day), held_on(episode, day)
    edition = None if held is None else edition_of(held.criteria_edition)
    if pack is None or held is None or edition is None:
        return None
    population = Population.ADULTS if age >= pack.adult_age else Population.ADOLESCENTS
    hours = edition.hours_of(held.level, population)
    minutes = [counted_minutes(pack, week.required_services) for week in weeks]
    if hours is None or hours.fits(minutes[0]):
        return None
    pairs = zip(weeks, minutes, strict=True)
    below = takewhile(lambda one: one[0].phase is PlanPhase.TAPER and not hours.fits(one[1]), pairs)
    if weeks[0].phase is PlanPhase.TAPER and len(list(below)) <= pack.taper_weeks:
        return None
    return LevelFinding(
        patient_id=episode.patient_id,
        episode_id=episode.id,
        criteria_edition=edition.id,
        level=held.level,
        population=population,
        required_minutes=minutes[0],
        fewest_hours=hours.fewest,
        most_hours=hours.most,
        fewer_than_hours=hours.fewer_than,
        citation=edition.citation,
        mark=edition.mark,
    )
