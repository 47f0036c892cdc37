"""The plan of care: problems, goals, objectives and interventions of an episode, and who has signed them."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from services.contracts.base import Code, Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, EpisodeId, PatientId
from services.contracts.records.consents import Digest
from services.contracts.records.notes import Passage
from services.contracts.records.treatment_plans import PlannedService
from services.contracts.vocabulary import ServiceKind

_Diagnosis = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$")]
_ITEM_KEY = Field(description="Stays the same in every version, so that versions can be compared; once in a plan.")


class ProblemArea(StrEnum):
    """Which part of life a problem is of: the areas of the Addiction Severity Index, and what is none of them."""

    MEDICAL = "medical"
    EMPLOYMENT = "employment"
    ALCOHOL = "alcohol"
    DRUGS = "drugs"
    LEGAL = "legal"
    FAMILY_SOCIAL = "family_social"
    PSYCHIATRIC = "psychiatric"
    OTHER = "other"


class ProblemStatus(StrEnum):
    """Where a problem stands (FHIR R4 condition-clinical)."""

    ACTIVE = "active"
    RECURRENCE = "recurrence"
    RELAPSE = "relapse"
    INACTIVE = "inactive"
    REMISSION = "remission"
    RESOLVED = "resolved"


class GoalStatus(StrEnum):
    """Where a goal stands (FHIR R4 goal-status)."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    ACCEPTED = "accepted"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ObjectiveStatus(StrEnum):
    """How far an objective is reached (FHIR R4 goal-achievement)."""

    IN_PROGRESS = "in-progress"
    IMPROVING = "improving"
    WORSENING = "worsening"
    NO_CHANGE = "no-change"
    ACHIEVED = "achieved"
    SUSTAINING = "sustaining"
    NOT_ACHIEVED = "not-achieved"
    NO_PROGRESS = "no-progress"
    NOT_ATTAINABLE = "not-attainable"


class InterventionStatus(StrEnum):
    """Where an intervention stands (FHIR R4 care-plan-activity-status)."""

    NOT_STARTED = "not-started"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


class Intervention(RequestModel):
    """What is done towards an objective, how often, and who answers for it."""

    key: Code = _ITEM_KEY
    description: Passage
    service: ServiceKind | None = Field(default=None, description="The service that it is part of; null for none.")
    frequency: Name = Field(description="How often and how long, in words: the hours of a week are the plan's.")
    responsible_id: AccountId
    status: InterventionStatus


class Objective(RequestModel):
    """A step towards a goal that can be measured, and by when it is to be reached."""

    key: Code = _ITEM_KEY
    statement: Passage
    measure: Name = Field(description="How it will be known that it is reached.")
    target_on: Day
    status: ObjectiveStatus
    interventions: Annotated[list[Intervention], Field(min_length=1, max_length=12)]


class Goal(RequestModel):
    """What the patient wants to reach."""

    key: Code = _ITEM_KEY
    statement: Passage
    in_the_patients_words: bool
    status: GoalStatus
    objectives: Annotated[list[Objective], Field(min_length=1, max_length=12)]


class Problem(RequestModel):
    """What treatment is for; a problem without a goal says why nothing is done about it now."""

    key: Code = _ITEM_KEY
    area: ProblemArea
    diagnosis: _Diagnosis | None = Field(default=None, description="ICD-10-CM, such as F10.20.")
    description: Passage
    status: ProblemStatus
    deferred_because: Passage | None = None
    goals: Annotated[list[Goal], Field(max_length=12)]

    @model_validator(mode="after")
    def _is_worked_on_or_deferred(self) -> Self:
        if bool(self.goals) is (self.deferred_because is not None):
            raise ValueError("a problem has goals, or deferred_because, and not both")
        return self


class PlanOfCareRequest(RequestModel):
    """What a plan of care says; it is written anew as a whole."""

    problems: Annotated[list[Problem], Field(min_length=1, max_length=20)]
    strengths: Annotated[list[Passage], Field(max_length=20)]
    discharge_criteria: Passage = Field(description="What will tell that this level of care has done its work.")

    @model_validator(mode="after")
    def _has_each_key_once(self) -> Self:
        if any(times > 1 for times in Counter(_keys(self)).values()):
            raise ValueError("problems, goals, objectives and interventions have keys that each occur once")
        return self


def _keys(plan: PlanOfCareRequest) -> Iterator[str]:
    for problem in plan.problems:
        yield problem.key
        for goal in problem.goals:
            yield goal.key
            for objective in goal.objectives:
                yield objective.key
                yield from (intervention.key for intervention in objective.interventions)


class PlanOfCareContents(PlanOfCareRequest):
    """What a version says: what was sent, and the services of a week as the treatment plan had them at its writing.

    Both are what is signed (42 CFR 424.24(d): type, amount and frequency of services). Where the weeks are changed
    later, the signed plan is not, and `list_due_plans_of_care` says that it is to be amended.
    """

    required_services: list[PlannedService] | None = Field(
        default=None, description="Null where there was no treatment plan, or the version is older than this member."
    )
    services_from: date | None = Field(default=None, description="From which day on these services are planned.")


class PlanOfCareAmendment(RequestModel):
    """Another version of a signed plan, and why; it is signed again by both."""

    contents: PlanOfCareRequest
    reason: Passage


class SignatureManner(StrEnum):
    """How a patient agreed to a plan, or that they did not."""

    ON_PAPER = "on_paper"
    ELECTRONIC = "electronic"
    VERBAL = "verbal"
    DECLINED = "declined"


class PatientSignatureRequest(RequestModel):
    """What staff attest of the patient's signature; agreement by word of mouth, and none, have a reason."""

    manner: SignatureManner
    signed_at: AwareDatetime = Field(description="When the patient signed, agreed or declined.")
    reason: Passage | None = None
    sha256: Digest | None = Field(
        default=None, description="Of the version that the patient was shown; refused where this version has another."
    )

    @model_validator(mode="after")
    def _has_a_reason(self) -> Self:
        if self.manner in {SignatureManner.VERBAL, SignatureManner.DECLINED} and self.reason is None:
            raise ValueError("reason must be given where the patient agreed by word of mouth, or declined")
        return self


class OwnPlanSignature(RequestModel):
    """A patient's own signature of the version that was read, by its digest."""

    sha256: Digest


class SignedPlan(ResourceModel):
    """That the patient has signed a version, and exactly what."""

    episode_id: EpisodeId
    version: int
    sha256: str
    signed_at: datetime


class ReviewFinding(StrEnum):
    """What a review of a plan came to."""

    CONTINUE = "continue"
    AMEND = "amend"
    STEP_DOWN = "step_down"
    STEP_UP = "step_up"
    DISCHARGE = "discharge"


class PlanReviewRequest(RequestModel):
    """What a review of the plan with the patient came to."""

    finding: ReviewFinding
    progress: Passage = Field(description="How far the patient has come, towards each goal.")
    patient_took_part: bool


class PlanActKind(StrEnum):
    """What may be done to a version of a plan; none of it is ever undone."""

    CLINICIAN_SIGNED = "clinician_signed"
    COSIGNED = "cosigned"
    """By somebody who supervises a clinician that signed."""
    PATIENT_SIGNED = "patient_signed"
    """Attested by staff: on paper, electronically, or by word of mouth."""
    PATIENT_DECLINED = "patient_declined"
    REVIEWED = "reviewed"
    CERTIFIED = "certified"
    """By a prescriber: that the patient needs the services of this plan (42 CFR 424.24(d))."""


class PlanAct(ResourceModel):
    """One act on a version of a plan."""

    number: int
    version: int
    kind: PlanActKind
    took_place_at: datetime
    recorded_by: AccountId
    recorded_at: datetime
    needs_cosignature: bool = Field(description="Of a clinician's signature: whether somebody supervised them then.")
    manner: SignatureManner | None = Field(description="Of the patient's answer; null of every other act.")
    sha256: str | None = Field(description="Of the patient's signature: the digest of what was signed, in hexadecimal.")
    reason: str | None
    review: PlanReviewRequest | None


class PlanOfCareStatus(StrEnum):
    """Where a version stands; from a clinician's signature on it is locked."""

    DRAFT = "draft"
    AWAITING_COSIGNATURE = "awaiting_cosignature"
    AWAITING_PATIENT = "awaiting_patient"
    SIGNED = "signed"
    """The clinician has signed, and who supervises them; the patient has signed or declined."""


class PlanOfCare(ResourceModel):
    """One version of an episode's plan of care, with what was done to it; no version is ever overwritten."""

    episode_id: EpisodeId
    patient_id: PatientId
    version: int
    status: PlanOfCareStatus
    contents: PlanOfCareContents
    reason: str | None = Field(description="Why a signed version was amended; null where none was.")
    written_by: AccountId
    written_at: datetime
    acts: list[PlanAct]
