"""What a recipient is given of each part of a record: less than the programme keeps, and of no other patient."""

from datetime import date, datetime

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.disclosure import ConsentKind, Information, Purpose
from services.contracts.identifiers import (
    AssessmentId,
    ConsentId,
    CounsellingNoteId,
    DrugTestId,
    EncounterId,
    EpisodeId,
    NoteId,
)
from services.contracts.records.assessments import AssessmentAnswer, AssessmentScore, AssessmentStatus
from services.contracts.records.consents import ConsentStatus, ExpiryEvent
from services.contracts.records.discharge_summaries import DischargeSummaryText
from services.contracts.records.drug_tests import DrugTestStatus, Finding, Reading, SpecimenFlag
from services.contracts.records.episodes import DischargeReason
from services.contracts.records.medications import DoseOutcome, MedicationEndReason, Regimen
from services.contracts.records.notes import NoteText
from services.contracts.records.patients import Patient
from services.contracts.records.plans_of_care import PlanOfCareContents
from services.contracts.records.treatment_plans import TreatmentPlan
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import Modality, ServiceKind


class DisclosedPlanOfCare(ResourceModel):
    """What a plan of care says, in the newest version that a clinician has signed; not what was said at its reviews."""

    episode_id: EpisodeId
    version: int
    contents: PlanOfCareContents
    signed_at: datetime = Field(description="When the first clinician signed it.")
    sha256: str = Field(description="Digest of the version, which a patient's signature names.")


class DisclosedSession(ResourceModel):
    """A session and what became of it; its appointment is left out, for a group shares it."""

    id: EncounterId
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    status: AttendanceStatus
    excused: bool | None
    minutes_late: int
    minutes_left_early: int
    attended_minutes: int


class DisclosedAssessment(ResourceModel):
    """A completed assessment in its newest version; what staff did about an answer is left out."""

    id: AssessmentId
    instrument_id: str
    edition: str
    status: AssessmentStatus
    administered_at: datetime
    answers: list[AssessmentAnswer]
    scores: list[AssessmentScore]


class DisclosedDose(ResourceModel):
    """What was recorded of a day's dose."""

    day: date
    outcome: DoseOutcome


class DisclosedMedicine(ResourceModel):
    """A medicine, which is of the day it was begun; its end and its doses are told where their days are covered."""

    regimen: Regimen
    name: str
    instructions: str | None
    prescriber: str
    started_on: date
    last_day: date | None
    end_reason: MedicationEndReason | None
    doses: list[DisclosedDose]


class DisclosedDrugTest(ResourceModel):
    """What was measured, and whether it was expected under what is prescribed; not by which medicine, nor by whom."""

    id: DrugTestId
    day: date
    status: DrugTestStatus
    specimen_flags: list[SpecimenFlag] | None = Field(description="Null until the specimen was assessed.")
    readings: list[Reading]
    finding: Finding


class DisclosedNote(ResourceModel):
    """A progress note in the newest version that was signed by all who must; drafts are nobody's but their author's."""

    id: NoteId
    encounter_id: EncounterId
    session_start: datetime
    version: int
    text: NoteText
    signed_at: datetime
    cosigned_at: datetime | None


class DisclosedDischargeSummary(ResourceModel):
    """The discharge summary of an episode, which is of the day of discharge, in the newest version signed by all."""

    episode_id: EpisodeId
    version: int
    admitted_on: date
    discharged_on: date
    discharge_reason: DischargeReason
    text: DischargeSummaryText
    signed_at: datetime
    cosigned_at: datetime | None


class DisclosedCharge(ResourceModel):
    """A line that lacks nothing, and so can be charged to the payer that was named."""

    first_on: date
    last_on: date
    code: str
    title: str | None
    units: int
    revenue_code: str | None
    condition_code: str | None
    amount_cents: int
    authorization_number: str | None = Field(description="The payer's own number.")


class DisclosedConsent(ResourceModel):
    """A consent in its newest version, of the day since which it stands as it does; whom it names is left out."""

    id: ConsentId
    version: int
    kind: ConsentKind
    status: ConsentStatus
    effective_at: datetime = Field(description="From when on this status holds.")
    disclosing_party: str | None
    information: list[Information]
    purposes: list[Purpose]
    records_from: date | None
    records_until: date | None
    expires_on: date | None
    expires_upon: ExpiryEvent | None


class DisclosedCounsellingNote(ResourceModel):
    """A SUD counselling note in its newest version (42 CFR 2.11), by a consent for such notes alone."""

    id: CounsellingNoteId
    text: str
    written_at: datetime


class RecordParts(ResourceModel):
    """Parts of a record as they leave the programme; null for one that was not asked for."""

    demographics: Patient | None
    treatment_plan: TreatmentPlan | None
    plan_of_care: list[DisclosedPlanOfCare] | None = Field(
        description="Where diagnoses and treatment_plan were both asked for, for it tells both: one of each open"
        " episode, and the last where none is open."
    )
    attendance: list[DisclosedSession] | None
    assessments: list[DisclosedAssessment] | None
    medication: list[DisclosedMedicine] | None
    drug_tests: list[DisclosedDrugTest] | None
    progress_notes: list[DisclosedNote] | None
    discharge_summary: list[DisclosedDischargeSummary] | None
    claims: list[DisclosedCharge] | None
    consents: list[DisclosedConsent] | None = Field(description="All that were ever signed; no draft.")
