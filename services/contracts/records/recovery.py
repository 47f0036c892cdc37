"""Recovery support: the relapse-prevention plan, and aftercare with its contacts after discharge."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    AftercareContactId,
    AftercarePlanId,
    EpisodeId,
    PatientId,
)
from services.contracts.rule_packs import RuleMark

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Lines = Annotated[list[_Line], Field(max_length=30)]


class RelapsePreventionRequest(RequestModel):
    """What the patient and those who treat them have found; it is written anew as a whole."""

    triggers: _Lines
    warning_signs: _Lines
    coping_skills: _Lines
    supports: _Lines = Field(description="Whom to call, where to go, what to take along.")
    in_the_patients_words: bool = Field(description="Whether the patient wrote or dictated it.")


class RelapsePreventionPlan(ResourceModel):
    """One version of a relapse-prevention plan; earlier versions are kept."""

    patient_id: PatientId
    version: int
    triggers: list[str]
    warning_signs: list[str]
    coping_skills: list[str]
    supports: list[str]
    in_the_patients_words: bool
    written_by: AccountId
    written_at: datetime


class AftercareChannel(StrEnum):
    """How somebody may be reached after discharge."""

    PHONE = "phone"
    TEXT = "text"
    EMAIL = "email"
    LETTER = "letter"
    IN_PERSON = "in_person"


class AftercareRequest(RequestModel):
    """What is agreed for the time after discharge."""

    channels: Annotated[Distinct[AftercareChannel], Field(min_length=1)]
    may_leave_message: bool = Field(description="A message never names the programme.")
    reach_at: Name = Field(description="The number or the address.")
    goals: _Lines
    community_supports: _Lines
    joins_alumni_group: bool = Field(
        default=False, description="By the patient's own wish, which is a recovery group choice from then on."
    )
    joins_peer_group: bool = Field(default=False, description="As joins_alumni_group.")


class AftercareAmendmentRequest(RequestModel):
    """What is agreed instead of what was, such as another number; what is null stays as it is."""

    channels: Annotated[Distinct[AftercareChannel], Field(min_length=1)] | None = None
    may_leave_message: bool | None = None
    reach_at: Name | None = None
    goals: _Lines | None = None
    community_supports: _Lines | None = None

    @model_validator(mode="after")
    def _amends_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("name at least one of channels, may_leave_message, reach_at, goals and community_supports")
        return self


class ContactStatus(StrEnum):
    """Where a contact stands today, by the site's zone."""

    UPCOMING = "upcoming"
    DUE = "due"
    """Today."""
    OVERDUE = "overdue"
    CLOSED = "closed"
    ENDED = "ended"
    """Over without an outcome: the patient has come back into treatment, or was discharged because of death."""


class AttemptOutcome(StrEnum):
    """What became of an attempt to reach somebody."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    LEFT_MESSAGE = "left_message"
    WRONG_ADDRESS = "wrong_address"


class AttemptRequest(RequestModel):
    """An attempt to reach somebody, by a way that they allowed."""

    channel: AftercareChannel
    outcome: AttemptOutcome
    note: Name | None = None


class Attempt(ResourceModel):
    """An attempt to reach somebody."""

    number: int
    channel: AftercareChannel
    outcome: AttemptOutcome
    note: str | None
    made_by: AccountId
    made_at: datetime


class FollowUpOutcome(StrEnum):
    """How somebody was doing when they were asked."""

    IN_RECOVERY = "in_recovery"
    RETURNED_TO_USE = "returned_to_use"
    IN_TREATMENT_ELSEWHERE = "in_treatment_elsewhere"
    ASKS_TO_RETURN = "asks_to_return"
    DECLINED = "declined"
    NOT_REACHED = "not_reached"
    DIED = "died"


class FollowUpRequest(RequestModel):
    """How somebody was doing; it closes the contact."""

    outcome: FollowUpOutcome = Field(
        description="That somebody died, or wants no more contact, closes every contact of theirs that is left."
    )
    note: Name | None = None


class AftercareContact(ResourceModel):
    """One contact of an aftercare plan."""

    id: AftercareContactId
    plan_id: AftercarePlanId
    patient_id: PatientId
    days_after: int
    due_on: date
    status: ContactStatus
    attempts: list[Attempt]
    outcome: FollowUpOutcome | None
    note: str | None
    closed_at: datetime | None


class ContactPractice(ResourceModel):
    """On which days after discharge contact is sought, as dated data."""

    days_after: list[int]
    citation: str
    mark: RuleMark
    effective_from: date


class AftercarePlan(ResourceModel):
    """What is agreed for the time after an episode, with every contact."""

    id: AftercarePlanId
    patient_id: PatientId
    episode_id: EpisodeId
    discharged_on: Day
    channels: list[AftercareChannel]
    may_leave_message: bool
    reach_at: str
    goals: list[str]
    community_supports: list[str]
    joins_alumni_group: bool = Field(
        description="As it was agreed; what is wished since then, list_recovery_group_choices tells."
    )
    joins_peer_group: bool
    practice: ContactPractice
    contacts: list[AftercareContact]
    created_by: AccountId
    created_at: datetime


class AftercareContacts(ResourceModel):
    """The contacts of a site that are due or overdue, the longest overdue first."""

    today: date = Field(description="By the site's zone.")
    due: int
    overdue: int
    items: list[AftercareContact]
