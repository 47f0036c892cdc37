"""Referrals: people who asked for treatment and are not admitted yet, and how long they wait."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from services.contracts.base import Code, Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    EpisodeId,
    PatientId,
    ReferralContactId,
    ReferralId,
    SiteId,
)
from services.contracts.records.episodes import InitialDecision

Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A telephone number as E.164 writes it, such as +15550100."""

ContactEmail = Annotated[str, StringConstraints(max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$")]
"""An e-mail address to write to."""


class ReferralSource(StrEnum):
    """Who sent the person."""

    SELF = "self"
    FAMILY_OR_FRIEND = "family_or_friend"
    TREATING_PROVIDER = "treating_provider"
    HOSPITAL = "hospital"
    OTHER_PROGRAMME = "other_programme"
    COURT = "court"
    EMPLOYER = "employer"
    SCHOOL = "school"
    PUBLIC_HELPER = "public_helper"
    """The person, through the public placement helper, by explicit choice."""
    OTHER = "other"


class Urgency(StrEnum):
    """How soon somebody must be spoken to."""

    ROUTINE = "routine"
    URGENT = "urgent"
    EMERGENCY = "emergency"


class ContactChannel(StrEnum):
    """How a person can be reached."""

    PHONE = "phone"
    TEXT = "text"
    EMAIL = "email"
    IN_PERSON = "in_person"


class ContactPermissions(RequestModel):
    """How the person allows to be reached; whatever is not named here is not allowed."""

    channels: Annotated[Distinct[ContactChannel], Field(max_length=4)] = frozenset()
    may_leave_message: bool = Field(default=False, description="Even a message without a word on why tells something.")


class ReferredPerson(RequestModel):
    """A person who asked for treatment, as far as they have said who they are."""

    given_name: Name
    family_name: Name
    birth_date: Day | None = None
    phone: Phone | None = None
    email: ContactEmail | None = None
    permissions: ContactPermissions = ContactPermissions()

    @model_validator(mode="after")
    def _can_be_reached_as_allowed(self) -> Self:
        by_phone = self.permissions.channels & {ContactChannel.PHONE, ContactChannel.TEXT}
        if by_phone and self.phone is None:
            raise ValueError("phone is needed where permissions name phone or text")
        if ContactChannel.EMAIL in self.permissions.channels and self.email is None:
            raise ValueError("email is needed where permissions name email")
        return self


class ReferralRequest(RequestModel):
    """A request for treatment that has come in."""

    site_id: SiteId
    person: ReferredPerson
    source: ReferralSource
    source_name: Name | None = Field(default=None, description="Who it was, where it was not the person.")
    urgency: Urgency = Urgency.ROUTINE
    received_at: AwareDatetime | None = Field(default=None, description="Now, where it is not said.")


class ReferralStatus(StrEnum):
    """Where a referral stands."""

    OPEN = "open"
    ADMITTED = "admitted"
    CLOSED = "closed"


class ReferralClosing(StrEnum):
    """Why somebody who asked for treatment does not begin it here."""

    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    REFERRED_ELSEWHERE = "referred_elsewhere"
    NOT_ELIGIBLE = "not_eligible"
    DUPLICATE = "duplicate"
    DIED = "died"
    ENTERED_IN_ERROR = "entered_in_error"


class HelperAnswers(ResourceModel):
    """What the person answered in the public helper and chose to send along, and the consent text they agreed to."""

    consent_version: str
    version: str
    answers: dict[str, str] = Field(description="The question's code, and the answer's.")


class Referral(ResourceModel):
    """A referral; that it exists is protected as a patient's record is (42 CFR 2.11: who has applied for treatment)."""

    id: ReferralId
    site_id: SiteId
    person: ReferredPerson
    source: ReferralSource
    source_name: str | None
    urgency: Urgency
    helper: HelperAnswers | None
    received_at: datetime
    first_reached_at: datetime | None
    intake_due_at: datetime = Field(description="Intake by then is what keeps people; the clock's citation says why.")
    intake_planned_at: datetime | None
    intake_held_at: datetime | None
    assigned_to: AccountId | None
    status: ReferralStatus
    closing: ReferralClosing | None
    patient_id: PatientId | None
    episode_id: EpisodeId | None
    version: int
    created_at: datetime
    closed_at: datetime | None


class ContactOutcome(StrEnum):
    """What became of an attempt to reach somebody."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    MESSAGE_LEFT = "message_left"
    WRONG_CONTACT = "wrong_contact"


class ReferralContactRequest(RequestModel):
    """An attempt to reach the person before admission."""

    channel: ContactChannel
    outcome: ContactOutcome
    at: AwareDatetime | None = Field(default=None, description="Now, where it is not said.")


class ReferralContact(ResourceModel):
    """An attempt; one that the person had not allowed is written down as such, never refused or left out."""

    id: ReferralContactId
    referral_id: ReferralId
    channel: ContactChannel
    outcome: ContactOutcome
    at: datetime
    was_permitted: bool
    by: AccountId


class ReferralAssignment(RequestModel):
    """Who takes the referral on: from now on that account sees it."""

    account_id: AccountId


class IntakePlan(RequestModel):
    """When the intake is to be."""

    planned_at: AwareDatetime


class IntakeHeld(RequestModel):
    """When the intake was."""

    held_at: AwareDatetime


class ReferralClose(RequestModel):
    """Why the person does not begin here."""

    reason: ReferralClosing


class ReferralAdmission(RequestModel):
    """The admission of somebody who was referred, as a patient who is known or as a new one."""

    programme: Code
    admitted_on: Day
    initial: InitialDecision = None
    birth_date: Day | None = Field(default=None, description="Needed for a new patient, where the referral has none.")
    patient_id: PatientId | None = Field(
        default=None, description="The patient that the person is; null for a new one."
    )
    is_another_person: bool = Field(
        default=False, description="Somebody has looked: the patient of this name and birth date is another person."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.patient_id is not None and self.is_another_person:
            raise ValueError("is_another_person is for a new patient, without patient_id")
        return self


class WaitStanding(StrEnum):
    """Where somebody who waits for intake stands on the clock."""

    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    WITHIN = "within"


class WaitsFor(StrEnum):
    """What somebody waits for who asked for treatment."""

    INTAKE = "intake"
    FIRST_SESSION = "first_session"
    """Intake was held, or the person was admitted; no session has been attended yet."""


class WaitingReferral(ResourceModel):
    """Somebody who asked for treatment and has not begun it."""

    waits_for: WaitsFor
    standing: WaitStanding | None = Field(description="Null for a first session: the clock is that of intake.")
    hours_left: float | None = Field(description="Of the clock of intake: negative where it has passed, null as above.")
    hours_waited: float = Field(description="Since the person asked.")
    referral: Referral


class AdmissionWaitlist(ResourceModel):
    """Everybody at a site who waits for intake, whose clock passes first at the head, then for a first session."""

    site_id: SiteId
    clock_hours: int
    citation: str
    waiting: int
    waiting_for_first_session: int = Field(description="Of them.")
    items: list[WaitingReferral] = Field(description="The first 200.")


class IntakeKpis(ResourceModel):
    """Wait times of the referrals received on some days, as the site counts them; counts and medians only."""

    site_id: SiteId
    first_day: date
    last_day: date
    received: int
    reached: int
    intakes_held: int
    intakes_within_clock: int
    admitted: int
    began: int = Field(description="Attended a session in the episode they were admitted to.")
    closed: dict[ReferralClosing, int]
    contacts_not_permitted: int
    median_hours_to_intake: float | None
    median_days_to_first_session: float | None
    clock_hours: int
    citation: str
