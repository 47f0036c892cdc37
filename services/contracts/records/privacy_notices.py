"""The notice of privacy practices: its versions, what each must contain, and to whom which was given."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Day, Distinct, Language, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, PatientId, PrivacyNoticeId, PrivacyNoticeReceiptId
from services.contracts.records.consents import Digest
from services.contracts.records.notes import Passage


class NoticeElement(StrEnum):
    """What a notice must contain (42 CFR 2.22(b)(1), 45 CFR 164.520(b)(1))."""

    HEADER = "header"
    """What the notice describes, that a copy can be had, and with whom it can be discussed."""
    USES_WITHOUT_CONSENT = "uses_without_consent"
    MORE_STRINGENT_LAW = "more_stringent_law"
    USES_WITH_CONSENT = "uses_with_consent"
    """That other uses take written consent, and that it can be revoked.

    That consent to drug tests also tells whether a result was expected under what is prescribed.
    """
    SINGLE_CONSENT = "single_consent"
    """That one consent can serve all future treatment, payment and operations."""
    REDISCLOSURE = "redisclosure"
    """That who is bound by HIPAA may pass on what it received on such a consent."""
    PROCEEDINGS = "proceedings"
    """That nothing is used against the patient in proceedings without consent, or an order and a subpoena."""
    RIGHT_TO_RESTRICT = "right_to_restrict"
    RIGHT_TO_ACCOUNTING = "right_to_accounting"
    RIGHT_TO_INTERMEDIARY_LIST = "right_to_intermediary_list"
    RIGHT_TO_COPY = "right_to_copy"
    RIGHT_TO_DISCUSS = "right_to_discuss"
    RIGHT_TO_REFUSE_FUNDRAISING = "right_to_refuse_fundraising"
    RIGHT_OF_ACCESS = "right_of_access"
    """To inspect, copy and have amended what is kept (45 CFR 164.524, 164.526)."""
    RIGHT_TO_CONFIDENTIAL_COMMUNICATION = "right_to_confidential_communication"
    DUTY_TO_PROTECT = "duty_to_protect"
    """To keep records private, to give this notice, and to tell of a breach."""
    DUTY_TO_ABIDE = "duty_to_abide"
    RIGHT_TO_CHANGE_TERMS = "right_to_change_terms"
    """Reserved by the programme: how a changed notice is given."""
    COMPLAINTS = "complaints"
    """To the programme and to the Secretary, and that nobody is retaliated against."""
    CONTACT = "contact"
    FUNDRAISING = "fundraising"
    """Only of a programme that raises funds with records."""


class PrivacyNoticeRequest(RequestModel):
    """A notice as a programme words it; a draft may still lack elements, and says which when it is to become active."""

    language: Language
    fundraises: bool = Field(default=False, description="The programme raises funds with records (42 CFR 2.22(b)).")
    passages: Annotated[dict[NoticeElement, Passage], Field(max_length=len(NoticeElement))] = Field(
        description="The text of each element, in plain language; that of uses_with_consent says too that consent to"
        " drug tests tells whether a result was expected under what is prescribed."
    )


class PrivacyNoticeActivation(RequestModel):
    """From which day on a notice holds; no earlier than it is published (45 CFR 164.520(b)(1)(viii))."""

    effective_on: Day


class PrivacyNoticeStatus(StrEnum):
    """Where a notice stands; an active one is never changed, and holds until the next of its language."""

    DRAFT = "draft"
    ACTIVE = "active"


class PrivacyNotice(ResourceModel):
    """One version of a programme's notice of privacy practices."""

    id: PrivacyNoticeId
    version: int
    status: PrivacyNoticeStatus
    language: str
    fundraises: bool
    passages: dict[NoticeElement, str]
    effective_on: date | None
    changed_by: AccountId
    created_at: datetime


class RequiredNoticeElement(ResourceModel):
    """One element that an active notice has, and where the law asks for it."""

    element: NoticeElement
    citation: str
    only_when_fundraising: bool


class ReceiptMethod(StrEnum):
    """How a notice was given."""

    ON_PAPER = "on_paper"
    ELECTRONIC = "electronic"


class AcknowledgementOutcome(StrEnum):
    """Whether the patient confirmed in writing that the notice was given (45 CFR 164.520(c)(2)(ii))."""

    ACKNOWLEDGED = "acknowledged"
    NOT_OBTAINED = "not_obtained"


class GoodFaithEffort(StrEnum):
    """What was done to have it acknowledged."""

    ASKED_IN_PERSON = "asked_in_person"
    ASKED_ELECTRONICALLY = "asked_electronically"
    ASKED_BY_POST = "asked_by_post"
    READ_ALOUD = "read_aloud"
    INTERPRETER_USED = "interpreter_used"


class NotObtainedReason(StrEnum):
    """Why it was not acknowledged all the same."""

    DECLINED = "declined"
    UNABLE_TO_SIGN = "unable_to_sign"
    EMERGENCY = "emergency"
    """No acknowledgement is asked for in an emergency; the notice is given as soon as it can be."""
    LEFT_BEFORE_SIGNING = "left_before_signing"
    NO_ANSWER = "no_answer"


class PrivacyNoticeReceiptRequest(RequestModel):
    """That a patient was given a notice, and acknowledged it or why not."""

    notice_id: PrivacyNoticeId
    method: ReceiptMethod
    given_at: AwareDatetime
    outcome: AcknowledgementOutcome
    document_sha256: Digest | None = Field(default=None, description="Of the acknowledgement that was signed.")
    efforts: Annotated[Distinct[GoodFaithEffort], Field(max_length=len(GoodFaithEffort))] = frozenset()
    reason: NotObtainedReason | None = None

    @model_validator(mode="after")
    def _says_what_became_of_it(self) -> Self:
        if self.outcome is AcknowledgementOutcome.ACKNOWLEDGED:
            if self.document_sha256 is None or self.reason is not None:
                raise ValueError("what was acknowledged has document_sha256 and no reason")
            return self
        if self.document_sha256 is not None or self.reason is None:
            raise ValueError("what was not acknowledged has a reason and no document_sha256")
        if not self.efforts and self.reason is not NotObtainedReason.EMERGENCY:
            raise ValueError("efforts must name what was done to obtain it, but in an emergency")
        return self


class UnnotifiedPatient(ResourceModel):
    """Somebody in treatment of whom it is not written down that they were given any notice."""

    patient_id: PatientId
    admitted_on: date
    is_overdue: bool = Field(
        description="Whether they have come already: the notice is due by the first service (45 CFR 164.520(c)(2)(i))."
    )


class PrivacyNoticeReceipt(ResourceModel):
    """Which version of the notice a patient was given, when, and what came of it; it is never changed."""

    id: PrivacyNoticeReceiptId
    patient_id: PatientId
    notice_id: PrivacyNoticeId
    notice_version: int
    method: ReceiptMethod
    given_at: datetime
    outcome: AcknowledgementOutcome
    document_sha256: str | None
    efforts: list[GoodFaithEffort]
    reason: NotObtainedReason | None
    recorded_by: AccountId
    recorded_at: datetime
