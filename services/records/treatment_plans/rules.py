"""What is true of treatment plans."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.contracts.problems import InvalidField
from services.contracts.records.treatment_plans import PlanPhase, RequiredService, TreatmentPlanRequest
from services.contracts.vocabulary import ServiceKind
from services.records.treatment_plans.rule_packs import RULE_PACKS, SESSION_LENGTHS, RulePack

_MONDAY: Final = 0


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


def counted_minutes(pack: RulePack, required_services: list[RequiredService]) -> int:
    """Add up the minutes that make up the week's hours."""
    return sum(required.minutes_per_week for required in required_services if required.service in pack.counted)


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
