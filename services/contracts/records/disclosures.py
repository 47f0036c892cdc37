"""Disclosures: what left the programme, to whom, why, on what basis, and what went along."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Code, Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.disclosure import Information, Purpose, Redisclosure
from services.contracts.identifiers import (
    AccountId,
    ConsentId,
    DisclosureDenialId,
    DisclosureId,
    PatientId,
    RecipientId,
)
from services.contracts.records.care_teams import EmergencyNature
from services.contracts.records.disclosed import DisclosedCounsellingNote, RecordParts
from services.contracts.records.recipients import Recipient
from services.contracts.scheduler.sites import ZoneName
from services.contracts.security_labels import LabelledParts


class EmergencyDisclosure(RequestModel):
    """What 42 CFR 2.51(c) has written down at once; date and time are those of the request."""

    recipient_name: Name | None = None
    facility: Name | None = None
    discloser: Name | None = None
    nature: EmergencyNature | None = None


class CourtOrderEvidence(RequestModel):
    """A court order under subpart E and the subpoena that goes with it."""

    order: Name
    subpoena: Name | None = None
    information: Annotated[Distinct[Information], Field(min_length=1)]
    issued_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    confidential_communications: bool = Field(default=False, description="It makes the findings of 42 CFR 2.63.")


class ApprovalEvidence(RequestModel):
    """A board's approval of research, or an agency's written agreement."""

    reference: Name


class PartsRequest(RequestModel):
    """Which parts of a record are asked for, and of which days."""

    information: Annotated[list[Information], Field(min_length=1, max_length=20)]
    records_from: Day | None = Field(
        default=None, description="Of parts that are kept day by day: the first day asked for."
    )
    records_until: Day | None = Field(
        default=None, description="The last day asked for; of claims at most 92 days after the first."
    )
    zone: ZoneName | None = Field(
        default=None,
        description="The zone of the patient's site, which says on which day something was; it need not be sent, and"
        " another one is refused.",
    )
    payer: Code | None = Field(
        default=None,
        description="Whose lines: claims are told only with payer, records_from and records_until.",
    )

    @model_validator(mode="after")
    def _names_each_part_once(self) -> Self:
        if len(set(self.information)) != len(self.information):
            raise ValueError("information names a part twice")
        return self

    @model_validator(mode="after")
    def _asks_for_days_that_there_are(self) -> Self:
        if self.records_from and self.records_until and self.records_from > self.records_until:
            raise ValueError("records_until must not lie before records_from")
        return self


class DisclosureRequest(PartsRequest):
    """Disclose some parts of a patient's record to a recipient; all of them, or none where one is denied."""

    recipient_id: RecipientId
    purpose: Purpose
    emergency: EmergencyDisclosure | None = None
    court_order: CourtOrderEvidence | None = None
    approval: ApprovalEvidence | None = None


class DisclosureBasis(StrEnum):
    """On what a disclosure rests."""

    CONSENT = "consent"
    EMERGENCY = "emergency"
    COURT_ORDER = "court_order"
    RESEARCH = "research"
    OVERSIGHT = "oversight"
    PUBLIC_HEALTH = "public_health"
    PATIENT_ACCESS = "patient_access"


class DisclosureNotice(ResourceModel):
    """The notice that accompanies the disclosure (42 CFR 2.32(a))."""

    version: str
    text: str


class DisclosureConsent(ResourceModel):
    """The consent relied upon, with the scope that the recipient must know (42 CFR 2.32(b))."""

    id: ConsentId
    version: int
    information: list[Information]
    purposes: list[Purpose]
    records_from: date | None
    records_until: date | None
    expires_on: date | None


class Disclosure(ResourceModel):
    """An entry of the accounting of disclosures (42 CFR 2.25)."""

    id: DisclosureId
    patient_id: PatientId
    recipient: Recipient
    information: list[Information]
    records_from: date | None = Field(description="The first day that was asked for; null for no limit.")
    records_until: date | None
    zone: str | None = Field(
        description="Of the patient's site, by which days were counted; null where it was not known, and nothing was"
        " disclosed that may have been of a day that is not covered."
    )
    payer: str | None = Field(description="Whose claims; null where none were asked for.")
    purpose: Purpose
    basis: DisclosureBasis
    consent_id: ConsentId | None
    consent_version: int | None
    notice_version: str | None
    redisclosure: Redisclosure | None
    emergency: EmergencyDisclosure | None
    reference: str | None = Field(description="Of the court order or the approval that it rests on.")
    subpoena: str | None = Field(description="The one that goes with the court order (42 CFR 2.61).")
    disclosed_by: AccountId
    disclosed_at: datetime
    review_due: bool
    reviewed_by: AccountId | None
    reviewed_at: datetime | None


class DisclosureDenial(ResourceModel):
    """What was not disclosed, by which rule, and what would satisfy it (45 CFR 171.202(b))."""

    id: DisclosureDenialId
    patient_id: PatientId
    recipient_id: RecipientId
    purpose: Purpose
    information: Information
    rule: str
    clause: str
    remedy: str
    denied_to: AccountId
    denied_at: datetime


class DisclosedRecord(RecordParts):
    """What the recipient is given: the parts asked for, the notice, and the scope of the consent."""

    disclosure: Disclosure
    labels: list[LabelledParts]
    notice: DisclosureNotice | None
    consent: DisclosureConsent | None
    counselling_notes: list[DisclosedCounsellingNote] | None = Field(
        description="Never beside another part (42 CFR 2.31(b))."
    )
