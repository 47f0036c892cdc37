"""Treatment plans: what a patient's week must contain, and what the scheduler reads of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Distinct, Language, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, PatientId, PractitionerId, SiteId, TreatmentPlanId
from services.contracts.vocabulary import Jurisdiction, Modality, QuarterHour, ServiceKind, WeeklyWindow

_TO_SUNDAY: Final = timedelta(days=6)


class PlanPhase(StrEnum):
    """Where in the episode the plan stands; a taper week may lie below the level's minimum hours."""

    INTENSIVE = "intensive"
    TAPER = "taper"


class RequiredService(RequestModel):
    """Minutes of one service that the plan requires each week."""

    service: ServiceKind
    minutes_per_week: Annotated[QuarterHour, Field(ge=15)]


class PlannedService(RequiredService):
    """Minutes of one service that the plan requires in each of its weeks, or in every second or fourth one."""

    every_weeks: Literal[1, 2, 4] = Field(
        default=1,
        description="Counted from the week of effective_from, which has it: what is every fourth week's comes again "
        "four weeks later. A later version counts anew.",
    )


class TaperWeek(RequestModel):
    """A week on the way out: less than the plan's other weeks, below the level's hours if need be."""

    week: date = Field(description="The Monday of the week.")
    required_services: Annotated[list[RequiredService], Field(max_length=7)]

    @model_validator(mode="after")
    def _is_a_week(self) -> Self:
        if self.week.weekday() != 0:
            raise ValueError("week must be a Monday, the first day of the week")
        _refuse_twice(self.required_services)
        return self


def _refuse_twice(required_services: Sequence[RequiredService]) -> None:
    services = [required.service for required in required_services]
    if len(services) != len(set(services)):
        raise ValueError("required_services names a service twice: add its minutes together")


class PreferenceCost(RequestModel):
    """How much a patient minds each part of the week: 0 not at all, 10 very much."""

    morning: Annotated[int, Field(ge=0, le=10)] = 0
    afternoon: Annotated[int, Field(ge=0, le=10)] = 0
    evening: Annotated[int, Field(ge=0, le=10)] = 0
    weekend: Annotated[int, Field(ge=0, le=10)] = 0


class TreatmentPlanRequest(RequestModel):
    """The weekly requirement of one patient."""

    effective_from: date
    phase: PlanPhase = PlanPhase.INTENSIVE
    required_services: Annotated[list[PlannedService], Field(max_length=7)]
    track: Code
    languages: Annotated[list[Language], Field(min_length=1, max_length=8)]
    modalities: Annotated[Distinct[Modality], Field(min_length=1)]
    travel_minutes: Annotated[QuarterHour, Field(le=240)] = 0
    team: list[PractitionerId] = Field(max_length=12, default_factory=list)
    primary_practitioner_id: PractitionerId | None = None
    family_available: list[WeeklyWindow] = Field(max_length=64, default_factory=list)
    preference_cost: PreferenceCost = PreferenceCost()
    planned_admission: date | None = Field(
        default=None,
        description="The first day of attendance; without it the plan's first day. After a discharge from every episode"
        " no week is planned, unless a later day here says that the patient comes back.",
    )
    planned_discharge: date | None = Field(default=None, description="The last day of attendance; null while open.")
    payer: Code | None = Field(
        default=None,
        description="Who pays, in the organization's word; the rule packs of a payer bind its patients.",
    )
    taper_weeks: list[TaperWeek] = Field(
        max_length=12, default_factory=list, description="Weeks that require less than required_services, in order."
    )
    telehealth_consented_on: date | None = Field(
        default=None, description="The day on which the patient consented to telehealth; null where they have not."
    )
    telehealth_jurisdiction: Jurisdiction | None = Field(
        default=None,
        description="Where the patient is during telehealth, as ISO 3166-2 writes it; whoever treats must be licensed.",
    )
    needs_transport: bool = Field(
        default=False,
        description="Whether the patient comes on site by the programme's vehicles; a seat there then needs a ride.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        _refuse_twice(self.required_services)
        if self.primary_practitioner_id is not None and self.primary_practitioner_id not in self.team:
            raise ValueError("primary_practitioner_id must be one of team")
        return self

    @model_validator(mode="after")
    def _has_an_order(self) -> Self:
        first, last = self.planned_admission or date.min, self.planned_discharge or date.max
        if first > last:
            raise ValueError("planned_discharge must not lie before planned_admission")
        weeks = [taper.week for taper in self.taper_weeks]
        if any(later <= earlier for earlier, later in pairwise(weeks)):
            raise ValueError("taper_weeks must be in order, each week once")
        if weeks and not (self.effective_from <= weeks[0] + _TO_SUNDAY and weeks[-1] <= last):
            raise ValueError("taper_weeks must lie between effective_from and planned_discharge")
        return self


class TreatmentPlan(ResourceModel):
    """One version of a patient's plan; a change is a new version, never an overwrite."""

    id: TreatmentPlanId
    patient_id: PatientId
    version: int
    effective_from: date
    phase: PlanPhase
    required_services: list[PlannedService]
    track: str
    languages: list[str]
    modalities: list[Modality]
    travel_minutes: int
    team: list[PractitionerId]
    primary_practitioner_id: PractitionerId | None
    family_available: list[WeeklyWindow]
    preference_cost: PreferenceCost
    planned_admission: date | None
    planned_discharge: date | None
    payer: str | None
    taper_weeks: list[TaperWeek]
    telehealth_consented_on: date | None
    telehealth_jurisdiction: str | None
    needs_transport: bool
    created_at: datetime


class TreatmentPlanVersion(ResourceModel):
    """A version of a patient's plan, and who wrote it; from when it holds is the plan's own."""

    written_by: AccountId | None = Field(description="Null of a version from before authors were kept.")
    plan: TreatmentPlan


class PatientRequirement(ResourceModel):
    """What one patient's plan requires of one week, for the ledger of its hours."""

    patient_id: PatientId
    week: date
    plan_version: int | None = Field(description="Null where no plan asks for anything in this week.")
    required_services: list[RequiredService]


class PlanRequirement(ResourceModel):
    """What the scheduler needs of one patient's plan for one week: no name, no diagnosis."""

    patient_id: PatientId
    plan_version: int
    phase: PlanPhase
    planned_admission: date | None
    attends_from: date | None = Field(description="Set where the first day lies within the week.")
    attends_until: date | None = Field(description="Set where the last day lies within the week.")
    required_services: list[RequiredService]
    track: str
    languages: list[str]
    modalities: list[Modality]
    travel_minutes: int
    team: list[PractitionerId]
    primary_practitioner_id: PractitionerId | None
    family_available: list[WeeklyWindow]
    preference_cost: PreferenceCost
    payer: str | None
    telehealth_consented_on: date | None
    telehealth_jurisdiction: str | None
    needs_transport: bool


class PatientWeek(ResourceModel):
    """What one plan requires of one week ahead, as far as a view over many weeks asks."""

    patient_id: PatientId
    phase: PlanPhase
    planned_admission: date | None
    required_services: list[RequiredService]
    track: str
    languages: list[str]
    modalities: list[Modality]
    travel_minutes: int
    is_admission: bool = Field(description="The first week of attendance.")
    is_discharge: bool = Field(description="The last week of attendance.")


class HorizonWeek(ResourceModel):
    """The plans of a site in one week ahead."""

    week: date = Field(description="The Monday of the week.")
    patients: list[PatientWeek]


class HorizonRequirements(ResourceModel):
    """What the plans of a site require of several weeks, as they stand today."""

    site_id: SiteId
    weeks: list[HorizonWeek]


class NoContactRequest(RequestModel):
    """Two patients who may not sit in one group; the reason stays in the record."""

    patient_ids: Annotated[list[PatientId], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _names_two_people(self) -> Self:
        if self.patient_ids[0] == self.patient_ids[1]:
            raise ValueError("patient_ids must name two different patients")
        return self


class NoContact(ResourceModel):
    """An opaque pair: who may not meet, never why (42 CFR 2.13(c))."""

    patient_ids: list[PatientId]


class SeatingPlan(ResourceModel):
    """What of the newest plan decides where a patient may sit."""

    services: list[ServiceKind]
    track: str
    languages: list[str]
    modalities: list[Modality]
    telehealth_consented_on: date | None
    telehealth_jurisdiction: str | None
    needs_transport: bool


class PatientSeating(ResourceModel):
    """What the scheduler needs to give one patient a seat: that they exist, their way, and whom to keep apart."""

    patient_id: PatientId
    travel_minutes: int = Field(description="One way, as the newest plan says; 0 without a plan.")
    no_contact: list[PatientId]
    plan: SeatingPlan | None = Field(description="Null where the patient has no plan yet.")
    left_on: date | None = Field(
        description="The last day of who has been discharged, where no plan says that they come back."
    )


class WeekRequirements(ResourceModel):
    """Everything the scheduler reads of a site's plans for one week."""

    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    patients: list[PlanRequirement]
    no_contact: list[NoContact]
