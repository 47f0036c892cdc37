"""The public helper: questions that anybody may answer, what points towards and away from a programme, and why."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from services.contracts.base import Code, Name, RequestModel, ResourceModel
from services.contracts.identifiers import DirectoryProgrammeId, IntakeDoorId, SiteId
from services.contracts.records.referrals import ReferredPerson

Answers = Annotated[
    dict[Code, Code], Field(max_length=40, description="The question's code, and the answer's; none need be given.")
]


class Points(StrEnum):
    """Where an answer points."""

    TOWARD = "toward"
    AWAY = "away"
    ASK = "ask"
    """To a question for a specialist."""


class HelperOption(ResourceModel):
    """One possible answer."""

    code: str
    text: str


class HelperQuestion(ResourceModel):
    """A question in our own words; one that is about safety is asked first."""

    code: str
    text: str
    is_about_safety: bool
    options: list[HelperOption]


class HelperCondition(ResourceModel):
    """One of these answers to this question."""

    question: str
    answers: list[str]


class HelperExit(ResourceModel):
    """What must not wait: where all of its conditions hold, nothing else is said."""

    code: str
    when: list[HelperCondition]
    call: str | None = Field(description="The number to call now; null where it is a clinician that is needed soon.")
    title: str
    text: str


class HelperRule(ResourceModel):
    """A published rule: where all of its conditions hold, its sentence is said."""

    code: str
    when: list[HelperCondition]
    points: Points
    sentence: str


class InquiryConsent(ResourceModel):
    """What somebody agrees to who sends an inquiry."""

    version: str
    text: str


class PlacementHelper(ResourceModel):
    """The whole helper: whoever wants to can follow every rule."""

    version: str
    effective_from: date
    introduction: str
    questions: list[HelperQuestion]
    exits: list[HelperExit]
    rules: list[HelperRule]
    confirm: str
    inquiry_consent: InquiryConsent


class PlacementAnswers(RequestModel):
    """Somebody's answers; nothing of them is stored or logged."""

    version: Code = Field(description="The version that was read.")
    answers: Answers


class HelperReason(ResourceModel):
    """An answer because of which a rule was said."""

    question: str
    answer: str


class SaidExit(ResourceModel):
    """An exit that holds."""

    code: str
    call: str | None
    title: str
    text: str
    because: list[HelperReason]


class SaidSentence(ResourceModel):
    """A rule that holds."""

    code: str
    sentence: str
    because: list[HelperReason]


class PlacementPicture(ResourceModel):
    """What the answers point to; never a level of care, which a clinician confirms with the person."""

    version: str
    exits: list[SaidExit] = Field(description="Where there is one, nothing else is said.")
    toward: list[SaidSentence]
    away: list[SaidSentence]
    ask: list[SaidSentence]
    open_safety_questions: list[str] = Field(description="Not answered: without them no picture is whole.")
    confirm: str


class InquiryAgreement(RequestModel):
    """The consent to be contacted, in the words of a version."""

    version: Code
    is_agreed: Literal[True]


class PlacementInquiry(RequestModel):
    """A request to a programme, by explicit choice; the answers go along only where they are given here."""

    door_id: IntakeDoorId
    person: ReferredPerson
    helper: PlacementAnswers | None = None
    consent: InquiryAgreement


class InquiryReceipt(ResourceModel):
    """That an inquiry has arrived; it opens nothing."""

    programme: str
    received_at: datetime
    next: str


class IntakeDoorRequest(RequestModel):
    """A way in for inquiries from outside to one site."""

    site_id: SiteId
    name: Name = Field(description="What the person is told whom they write to.")
    programme_id: DirectoryProgrammeId | None = Field(
        default=None,
        description="Your programme in the public directory, which shows the door from then on; null shows it nowhere.",
    )


class IntakeDoor(ResourceModel):
    """A way in; whoever knows its id may send an inquiry, and nobody learns anything by it."""

    id: IntakeDoorId
    site_id: SiteId
    name: str
    created_at: datetime
    closed_at: datetime | None
