"""Treatment plans: what a patient's week must contain, and what the scheduler reads of them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Language, RequestModel, ResourceModel
from services.contracts.identifiers import PatientId, PractitionerId, SiteId, TreatmentPlanId
from services.contracts.vocabulary import Modality, QuarterHour, ServiceKind, WeeklyWindow


class PlanPhase(StrEnum):
    """Where in the episode the plan stands; a taper week may lie below the level's minimum hours."""

    INTENSIVE = "intensive"
    TAPER = "taper"


class RequiredService(RequestModel):
    """Minutes of one service that the plan requires each week."""

    service: ServiceKind
    minutes_per_week: Annotated[QuarterHour, Field(ge=15)]


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
    required_services: Annotated[list[RequiredService], Field(max_length=7)]
    track: Code
    languages: Annotated[list[Language], Field(min_length=1, max_length=8)]
    modalities: Annotated[frozenset[Modality], Field(min_length=1)]
    travel_minutes: Annotated[QuarterHour, Field(le=240)] = 0
    team: list[PractitionerId] = Field(max_length=12, default_factory=list)
    primary_practitioner_id: PractitionerId | None = None
    family_available: list[WeeklyWindow] = Field(max_length=64, default_factory=list)
    preference_cost: PreferenceCost = PreferenceCost()

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        services = [required.service for required in self.required_services]
        if len(services) != len(set(services)):
            raise ValueError("required_services names a service twice: add its minutes together")
        if self.primary_practitioner_id is not None and self.primary_practitioner_id not in self.team:
            raise ValueError("primary_practitioner_id must be one of team")
        return self


class TreatmentPlan(ResourceModel):
    """One version of a patient's plan; a change is a new version, never an overwrite."""

    id: TreatmentPlanId
    patient_id: PatientId
    version: int
    effective_from: date
    phase: PlanPhase
    required_services: list[RequiredService]
    track: str
    languages: list[str]
    modalities: list[Modality]
    travel_minutes: int
    team: list[PractitionerId]
    primary_practitioner_id: PractitionerId | None
    family_available: list[WeeklyWindow]
    preference_cost: PreferenceCost
    created_at: datetime


class PlanRequirement(ResourceModel):
    """What the scheduler needs of one patient's plan for one week: no name, no diagnosis."""

    patient_id: PatientId
    plan_version: int
    required_services: list[RequiredService]
    track: str
    languages: list[str]
    modalities: list[Modality]
    travel_minutes: int
    team: list[PractitionerId]
    primary_practitioner_id: PractitionerId | None
    family_available: list[WeeklyWindow]
    preference_cost: PreferenceCost


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


class PatientSeating(ResourceModel):
    """What the scheduler needs to give one patient a seat: that they exist, their way, and whom to keep apart."""

    patient_id: PatientId
    travel_minutes: int = Field(description="One way, as the newest plan says; 0 without a plan.")
    no_contact: list[PatientId]


class WeekRequirements(ResourceModel):
    """Everything the scheduler reads of a site's plans for one week."""

    site_id: SiteId
    week: date = Field(description="The Monday of the week.")
    patients: list[PlanRequirement]
    no_contact: list[NoContact]
