"""Incidents of privacy: what happened, whether it was a breach, who is affected, who is told by when, who was told."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, PatientId, PrivacyIncidentId
from services.contracts.records.consents import Digest
from services.contracts.records.notes import Passage

StateCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
"""A state or jurisdiction of the United States, in two letters (USPS)."""

_SEVERAL = 500
PatientIds = Annotated[list[PatientId], Field(min_length=1, max_length=_SEVERAL)]


class IncidentKind(StrEnum):
    """What happened to records."""

    UNAUTHORIZED_ACCESS = "unauthorized_access"
    MISDIRECTED_DISCLOSURE = "misdirected_disclosure"
    LOSS = "loss"
    THEFT = "theft"
    INTRUSION = "intrusion"
    IMPROPER_DISPOSAL = "improper_disposal"
    OTHER = "other"


class PrivacyIncidentRequest(RequestModel):
    """An incident as it is first told; it is presumed to be a breach until somebody decides that it is none."""

    kind: IncidentKind
    discovered_on: Day = Field(
        description="The first day it was known, or would have been with diligence (45 CFR 164.404(a)(2))."
    )
    occurred_from: Day | None = None
    occurred_until: Day | None = None
    information: Annotated[Distinct[Information], Field(min_length=1, max_length=len(Information))]
    description: Passage = Field(description="What happened; name no patient here, they are listed beside it.")

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.occurred_from and self.occurred_until and self.occurred_from > self.occurred_until:
            raise ValueError("occurred_until must not lie before occurred_from")
        if self.occurred_from and self.occurred_from > self.discovered_on:
            raise ValueError("discovered_on must not lie before occurred_from")
        return self


class RiskLevel(StrEnum):
    """How much a factor speaks for records having been compromised."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class RiskFinding(RequestModel):
    """What was found of one factor."""

    level: RiskLevel
    finding: Passage


class RiskAssessmentRequest(RequestModel):
    """The assessment of at least these four factors (45 CFR 164.402, breach, (2))."""

    nature_and_extent: RiskFinding = Field(description="Of the information, and how likely a person is identified.")
    recipient: RiskFinding = Field(description="Who used it, or to whom it was disclosed.")
    acquired_or_viewed: RiskFinding = Field(description="Whether it was in fact.")
    mitigation: RiskFinding = Field(description="How far the risk has been mitigated.")


class RiskAssessment(ResourceModel):
    """An assessment, and who made it."""

    nature_and_extent: RiskFinding
    recipient: RiskFinding
    acquired_or_viewed: RiskFinding
    mitigation: RiskFinding
    assessed_by: AccountId
    assessed_at: datetime


class IncidentOutcome(StrEnum):
    """What was decided (45 CFR 164.402); all but the first mean that there was no breach."""

    BREACH = "breach"
    LOW_PROBABILITY = "low_probability"
    """That records were compromised, as the assessment shows."""
    UNINTENTIONAL_ACCESS = "unintentional_access"
    """By somebody of the programme, in good faith, and not passed on: breach, (1)(i)."""
    INADVERTENT_DISCLOSURE = "inadvertent_disclosure"
    """Between two who are authorized at the same programme: breach, (1)(ii)."""
    NOT_RETAINED = "not_retained"
    """Who was given it could not have kept it: breach, (1)(iii)."""
    SECURED = "secured"
    """It was unreadable to who is not authorized: unsecured protected health information."""


class IncidentDecisionRequest(RequestModel):
    """What was decided, and why."""

    outcome: IncidentOutcome
    reason: Passage


class IncidentDecision(ResourceModel):
    """What was decided, by whom."""

    outcome: IncidentOutcome
    reason: str
    decided_by: AccountId
    decided_at: datetime


class NoticeDelayRequest(RequestModel):
    """That law enforcement states that notices would impede it (45 CFR 164.412)."""

    stated_by: Name = Field(description="The agency or official (45 CFR 164.412(b)(1)).")
    until: Day = Field(
        description="As the statement says; at most 30 days from the first that is not in writing, until one is."
    )
    document_sha256: Digest | None = Field(default=None, description="Of the statement, where it is in writing.")


class AffectedPatientsRequest(RequestModel):
    """Patients who are affected, and of which state they are residents: media are told by state."""

    patient_ids: PatientIds
    resident_of: StateCode


class AffectedPatient(ResourceModel):
    """A patient who is affected, and when they were first told."""

    patient_id: PatientId
    resident_of: str
    notified_on: date | None

    @property
    def id(self) -> PatientId:
        """By which pages are ordered."""
        return self.patient_id


class NoticeContent(StrEnum):
    """What a notice to a patient says (45 CFR 164.404(c)(1))."""

    WHAT_HAPPENED = "what_happened"
    KINDS_OF_INFORMATION = "kinds_of_information"
    STEPS_TO_TAKE = "steps_to_take"
    WHAT_IS_BEING_DONE = "what_is_being_done"
    CONTACT = "contact"


class NoticeMethod(StrEnum):
    """How a patient is told (45 CFR 164.404(d))."""

    FIRST_CLASS_MAIL = "first_class_mail"
    ELECTRONIC = "electronic"
    """Where the patient agreed to it."""
    NEXT_OF_KIN = "next_of_kin"
    SUBSTITUTE = "substitute"
    """Where no address is right."""
    TELEPHONE = "telephone"
    """In an urgent case, beside the written notice: alone it is none."""


class PatientNoticesRequest(RequestModel):
    """That these patients were told on a day."""

    patient_ids: PatientIds
    method: NoticeMethod
    sent_on: Day
    contents: Annotated[Distinct[NoticeContent], Field(max_length=len(NoticeContent))]
    document_sha256: Digest

    @model_validator(mode="after")
    def _says_it_all(self) -> Self:
        if self.contents != frozenset(NoticeContent):
            raise ValueError("contents must have all five (45 CFR 164.404(c)(1))")
        return self


class NotifiedParty(StrEnum):
    """Who is told of a breach."""

    PATIENTS = "patients"
    SECRETARY = "secretary"
    """Of Health and Human Services."""
    MEDIA = "media"


class AuthorityNoticeRequest(RequestModel):
    """That the Secretary, or the media of a state, were told on a day."""

    notified: NotifiedParty
    state: StateCode | None = Field(default=None, description="For media.")
    sent_on: Day
    document_sha256: Digest

    @model_validator(mode="after")
    def _names_a_state_for_media(self) -> Self:
        if self.notified is NotifiedParty.PATIENTS:
            raise ValueError("notified must be secretary or media: patients are told by patient_notices")
        if (self.notified is NotifiedParty.MEDIA) is (self.state is None):
            raise ValueError("state is for media, and then needed")
        return self


class BreachDeadline(ResourceModel):
    """By when somebody must be told, and whether it was done; without unreasonable delay, so this is the last day."""

    notified: NotifiedParty
    state: str | None
    due_on: date
    met_on: date | None
    is_overdue: bool
    citation: str


class IncidentStatus(StrEnum):
    """Where an incident stands."""

    PRESUMED_BREACH = "presumed_breach"
    BREACH = "breach"
    NO_BREACH = "no_breach"
    CLOSED = "closed"


class PrivacyIncident(ResourceModel):
    """An incident, with all that was done about it; who is affected is told apart, here they are counted."""

    id: PrivacyIncidentId
    version: int
    status: IncidentStatus
    kind: IncidentKind
    discovered_on: date
    occurred_from: date | None
    occurred_until: date | None
    information: list[Information]
    description: str
    recorded_by: AccountId
    recorded_at: datetime
    assessment: RiskAssessment | None
    decision: IncidentDecision | None
    delayed_until: date | None = Field(description="Because law enforcement asked for it.")
    affected: int
    affected_by_state: dict[str, int]
    notified: int
    deadlines: list[BreachDeadline]
    closed_at: datetime | None
