"""Medication: what a patient takes, the doses and injections that were given or missed, and what is due next."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, MedicationId, PatientId
from services.contracts.records.drug_tests import Substance
from services.contracts.rule_packs import RuleMark


class Regimen(StrEnum):
    """How a medicine is given; of those for opioid or alcohol use disorder it is known how long a dose lasts."""

    BUPRENORPHINE_DAILY = "buprenorphine_daily"
    BUPRENORPHINE_WEEKLY_INJECTION = "buprenorphine_weekly_injection"
    BUPRENORPHINE_MONTHLY_INJECTION = "buprenorphine_monthly_injection"
    METHADONE_ELSEWHERE = "methadone_elsewhere"
    """Given by an opioid treatment programme (42 CFR part 8); we work with it under the patient's consent."""
    NALTREXONE_DAILY = "naltrexone_daily"
    NALTREXONE_INJECTION = "naltrexone_injection"
    ACAMPROSATE = "acamprosate"
    DISULFIRAM = "disulfiram"
    OTHER = "other"


class MedicationRequest(RequestModel):
    """A medicine that the patient is prescribed, here or elsewhere."""

    regimen: Regimen
    name: Name
    instructions: Name | None = None
    prescriber: Name
    explains: Annotated[Distinct[Substance], Field(max_length=len(Substance))] = Field(
        default=frozenset(), description="What of a drug test's panel it explains."
    )
    started_on: Day


class MedicationEndReason(StrEnum):
    """Why a medicine is taken no longer; `programme_condition` is always refused."""

    COMPLETED = "completed"
    PATIENT_CHOICE = "patient_choice"
    PRESCRIBER_DECISION = "prescriber_decision"
    ADVERSE_EFFECT = "adverse_effect"
    CHANGED = "changed"
    ENTERED_IN_ERROR = "entered_in_error"
    PROGRAMME_CONDITION = "programme_condition"


class MedicationEnd(RequestModel):
    """The medicine is taken no longer after a day."""

    last_day: Day
    reason: MedicationEndReason


class DoseOutcome(StrEnum):
    """What became of a dose that was due."""

    GIVEN = "given"
    MISSED = "missed"
    DECLINED = "declined"


class DoseRequest(RequestModel):
    """A dose or an injection on a day."""

    day: Day
    outcome: DoseOutcome


class Dose(ResourceModel):
    """What was recorded of a day's dose; a later record of the same day stands for it."""

    day: date
    outcome: DoseOutcome
    recorded_by: AccountId
    recorded_at: datetime


class Medication(ResourceModel):
    """A medicine with its doses, and what follows from them today."""

    id: MedicationId
    patient_id: PatientId
    regimen: Regimen
    name: str
    instructions: str | None
    prescriber: str
    explains: list[Substance]
    started_on: date
    last_day: date | None
    end_reason: MedicationEndReason | None
    doses: list[Dose]
    next_due_on: date | None = Field(description="When the next dose is due; null where that is not known from doses.")
    days_covered_percent: float | None = Field(
        description="The share of days since the first dose on which a dose lasted, in tenths; null before it."
    )
    created_by: AccountId
    created_at: datetime


class DueInjection(ResourceModel):
    """An injection that a patient is to be given; what else is written of the medicine is read with the patient."""

    patient_id: PatientId
    medication_id: MedicationId
    regimen: Regimen
    due_on: date
    is_overdue: bool = Field(description="The due day still counts.")


class VisitCadence(ResourceModel):
    """How often whoever takes a medicine sees the prescriber, from so many days after it was begun."""

    regimen: Regimen
    from_day: int
    every_days: int
    citation: str
    mark: RuleMark
    effective_from: date


class DueMedicationVisit(ResourceModel):
    """A visit to the prescriber that a medicine asks for; an injection is one itself, and is not among these."""

    patient_id: PatientId
    medication_id: MedicationId
    regimen: Regimen
    last_visit_on: date | None = Field(
        description="The last one that was attended; null where none was since it began."
    )
    due_on: date
    is_overdue: bool = Field(description="The due day still counts.")
    cadence: VisitCadence


class DueMedicationVisits(ResourceModel):
    """The visits of a site that are due soon or overdue, the longest overdue first."""

    today: date = Field(description="By the site's zone.")
    until: date
    items: list[DueMedicationVisit]


class DueInjections(ResourceModel):
    """The injections of a site that are due soon or overdue, the longest overdue first."""

    today: date = Field(description="By the site's zone.")
    until: date
    items: list[DueInjection]
