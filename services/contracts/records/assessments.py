"""Assessments: instruments as data, what was answered, what it comes to, and what a dangerous answer sets going."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from services.contracts.base import Code, Distinct, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AssessmentId, PatientId, SafetyTaskId, SiteId
from services.contracts.rule_packs import RuleMark

ItemId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_]{1,16}$")]
"""An item or a score of an instrument, by the name that its form gives."""


class LicenceState(StrEnum):
    """How much of an instrument may be kept here."""

    FREE = "free"
    PUBLIC_DOMAIN = "public_domain"
    TOPICS_ONLY = "topics_only"
    """Items are answered here, but their wording is not embedded."""
    SCORE_ONLY = "score_only"
    """Filled in elsewhere: only what it came to is entered."""


class Administration(StrEnum):
    """Who fills in the form."""

    PATIENT = "patient"
    CLINICIAN = "clinician"
    EITHER = "either"


class SafetyUrgency(StrEnum):
    """How soon somebody must have acted."""

    PROMPT = "prompt"
    ACUTE = "acute"


class InstrumentOption(ResourceModel):
    """One answer that an item takes."""

    value: int
    label: str


class InstrumentItem(ResourceModel):
    """One item; where `options` is empty it takes every whole number from least to most."""

    id: str
    text: str
    options: list[InstrumentOption]
    least: int
    most: int
    optional: bool
    asked_if_any_of: list[str] = Field(description="Asked where one of these was answered other than 0, or not at all.")


class ScoreBand(ResourceModel):
    """What a score from this value on is called."""

    least: int
    label: str


class InstrumentScore(ResourceModel):
    """A score; the sum of its items, or entered where there are none."""

    id: str
    title: str
    items: list[str]
    least: int
    most: int
    higher_is_better: bool
    loinc: str | None
    bands: list[ScoreBand]
    meaningful_change: int = Field(description="Points from which on a change counts as one.")
    source: str
    mark: RuleMark


class SafetyRule(ResourceModel):
    """An answer that somebody must act on: this item or score, at this value or more."""

    subject: str
    at_least: int
    urgency: SafetyUrgency
    within_minutes: int
    source: str


class Instrument(ResourceModel):
    """An instrument as it is filled in here, with its source and its licence."""

    id: str
    title: str
    edition: str
    administered_by: Administration
    stem: str | None
    loinc_panel: str | None
    licence_state: LicenceState
    licence: str
    source: str
    items: list[InstrumentItem]
    scores: list[InstrumentScore]
    safety: list[SafetyRule]


class Instruments(ResourceModel):
    """Every instrument that there is."""

    items: list[Instrument]


class AssessmentAnswer(RequestModel):
    """The answer to one item; null where the patient did not want to answer."""

    item_id: ItemId
    value: int | None


class EnteredScore(RequestModel):
    """A score that was found elsewhere."""

    score_id: ItemId
    value: int


class _Content(RequestModel):
    administered_at: AwareDatetime
    answers: list[AssessmentAnswer] = Field(max_length=64, default_factory=list)
    scores: list[EnteredScore] = Field(
        max_length=8, default_factory=list, description="Only of an instrument that is filled in elsewhere."
    )

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        _refuse_twice("answers", (answer.item_id for answer in self.answers))
        _refuse_twice("scores", (score.score_id for score in self.scores))
        return self


def _refuse_twice(place: str, ids: Iterable[str]) -> None:
    names = list(ids)
    if len(names) != len(set(names)):
        raise ValueError(f"{place} names an item twice")


class AssessmentRequest(_Content):
    """What a patient answered, or what a clinician found."""

    instrument_id: Code


class AssessmentAmendmentReason(StrEnum):
    """Why what was written is corrected."""

    ENTERED_IN_ERROR = "entered_in_error"
    NEW_INFORMATION = "new_information"


class AssessmentAmendment(_Content):
    """Takes the place of what was written, which stays on record."""

    reason: AssessmentAmendmentReason


class AssessmentStatus(StrEnum):
    """Where an assessment stands, in the words of FHIR R4 QuestionnaireResponse.status."""

    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    AMENDED = "amended"
    ENTERED_IN_ERROR = "entered-in-error"


class AssessmentScore(ResourceModel):
    """What one score came to; no value where an item of it has no answer."""

    score_id: str
    value: int | None
    band: str | None
    unanswered: list[str]


class SafetyStep(StrEnum):
    """What was done about a dangerous answer."""

    SAFETY_ASSESSMENT = "safety_assessment"
    SAFETY_PLAN = "safety_plan"
    CRISIS_LINE_GIVEN = "crisis_line_given"
    """988, the Suicide and Crisis Lifeline."""
    SAME_DAY_EVALUATION = "same_day_evaluation"
    EMERGENCY_SERVICES = "emergency_services"
    LEVEL_OF_CARE_REVIEW = "level_of_care_review"
    ANSWER_WAS_A_MISTAKE = "answer_was_a_mistake"


class SafetyAnswerRequest(RequestModel):
    """Who was told of a dangerous answer, when, and what was done."""

    told_account_id: AccountId
    told_at: AwareDatetime
    steps: Annotated[Distinct[SafetyStep], Field(min_length=1)]
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)] | None = None


class SafetyAnswer(ResourceModel):
    """What became of a safety task."""

    told_account_id: AccountId
    told_at: datetime
    steps: list[SafetyStep]
    note: str | None
    answered_by: AccountId
    answered_at: datetime


class SafetyFinding(ResourceModel):
    """What set a task going: an item or score, and its value, or none where it was not answered."""

    subject: str
    value: int | None


class SafetyTask(ResourceModel):
    """Somebody must act; the assessment stays open until it is written down who did, and how."""

    id: SafetyTaskId
    patient_id: PatientId
    assessment_id: AssessmentId
    urgency: SafetyUrgency
    findings: list[SafetyFinding]
    created_at: datetime
    due_at: datetime
    answer: SafetyAnswer | None


class SafetyTasks(ResourceModel):
    """The open tasks of a site, the one due first ahead."""

    items: list[SafetyTask]


class Assessment(ResourceModel):
    """One version of an assessment; a change is a new version, and none is ever overwritten."""

    id: AssessmentId
    patient_id: PatientId
    instrument_id: str
    edition: str
    version: int
    status: AssessmentStatus
    administered_at: datetime
    answers: list[AssessmentAnswer]
    scores: list[AssessmentScore]
    safety_tasks: list[SafetyTask]
    amendment_reason: AssessmentAmendmentReason | None
    recorded_by: AccountId
    recorded_at: datetime


class TrendPoint(ResourceModel):
    """What a score was at one time."""

    assessment_id: AssessmentId
    administered_at: datetime
    value: int
    band: str | None


class TrendDirection(StrEnum):
    """Whether the newest value differs from the first by as much as counts as a change."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


class TrendSeries(ResourceModel):
    """One score of one instrument over time, oldest first."""

    instrument_id: str
    edition: str
    score_id: str
    higher_is_better: bool
    points: list[TrendPoint]
    change: int = Field(description="The newest value less the first.")
    direction: TrendDirection | None = Field(description="Null where there is one value only.")


class LatestScore(ResourceModel):
    """What one score of one instrument came to last, and how far it has moved since the first time."""

    instrument_id: str
    edition: str
    score_id: str
    higher_is_better: bool
    latest: TrendPoint
    times: int = Field(description="How often it was measured.")
    change: int = Field(description="The newest value less the first.")
    direction: TrendDirection | None = Field(description="Null where there is one value only.")


class AssessmentTrends(ResourceModel):
    """How a patient's scores have moved."""

    patient_id: PatientId
    series: list[TrendSeries]


class MeasureCounts(ResourceModel):
    """How many patients of a programme were measured with one score, and how they moved; null where few are."""

    instrument_id: str
    edition: str
    score_id: str
    patients: int | None
    once: int | None
    better: int | None
    same: int | None
    worse: int | None


class MeasurementReport(ResourceModel):
    """Measurement-based care of a site, in counts of patients; counts below `smallest` are left out."""

    site_id: SiteId
    first_month: date
    last_month: date
    smallest: Literal[11] = Field(description="Cells of 1 to 10 people are suppressed.")
    items: list[MeasureCounts]
