"""Consents, the authority of those who sign for others, restrictions, and when a minor signs alone."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.disclosure import (
    TOLD_AS_IT_STANDS,
    ConsentKind,
    Information,
    Purpose,
    RecipientKind,
    Signer,
)
from services.contracts.identifiers import (
    AccountId,
    ConsentId,
    MinorConsentRuleId,
    PatientId,
    RecipientId,
    RepresentativeId,
    RestrictionId,
    SiteId,
)

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a document that is kept elsewhere, in hexadecimal."""


class ConsentStatement(StrEnum):
    """What the form tells the person who signs (42 CFR 2.31(a))."""

    RIGHT_TO_REVOKE = "right_to_revoke"
    """In writing, how, and except as far as somebody has relied on it."""
    CONSEQUENCES_OF_REFUSING = "consequences_of_refusing"
    REDISCLOSURE = "redisclosure"
    """That a recipient bound by HIPAA may pass it on, and that then it may no longer be protected."""


class ExpiryEvent(StrEnum):
    """What ends a consent, where no day does."""

    NONE = "none"
    END_OF_TREATMENT = "end_of_treatment"
    FINAL_DISPOSITION = "final_disposition"
    END_OF_RESEARCH = "end_of_research"


class SignatureMethod(StrEnum):
    """How it was signed; an electronic signature counts where law allows it (42 CFR 2.31(a)(8))."""

    ON_PAPER = "on_paper"
    ELECTRONIC = "electronic"


class ConsentSignature(RequestModel):
    """One signature, and the document that proves it."""

    signer: Signer
    method: SignatureMethod
    signed_at: AwareDatetime | None = None
    representative_id: RepresentativeId | None = None
    document_sha256: Digest

    @model_validator(mode="after")
    def _says_by_what_authority(self) -> Self:
        if (self.signer is Signer.PATIENT) is not (self.representative_id is None):
            raise ValueError("representative_id is for who signs in the patient's place, and then needed")
        return self


class ConsentTerms(RequestModel):
    """What a consent says; a draft may still lack elements, and says which when it is to become active."""

    kind: ConsentKind
    disclosing_party: Name | None = None
    information: Annotated[Distinct[Information], Field(max_length=20)] = Field(
        default=frozenset(),
        description="The parts of the record. Say to who signs that drug_tests also tells whether a result was expected"
        " under what is prescribed: without it, a prescribed medicine would look like use.",
    )
    records_from: date | None = None
    records_until: date | None = None
    recipient_ids: Annotated[Distinct[RecipientId], Field(max_length=50)] = frozenset()
    recipient_kinds: Annotated[Distinct[RecipientKind], Field(max_length=20)] = frozenset()
    participant_ids: Annotated[Distinct[RecipientId], Field(max_length=50)] = frozenset()
    treating_participants: bool = Field(
        default=False, description="Where an intermediary is named: those of its participants who treat the patient."
    )
    purposes: Annotated[Distinct[Purpose], Field(max_length=20)] = frozenset()
    statements: Annotated[Distinct[ConsentStatement], Field(max_length=3)] = frozenset()
    expires_on: date | None = Field(
        default=None, description="The last day; it ends with the day in UTC, never later than on the spot."
    )
    expires_upon: ExpiryEvent | None = None
    irrevocable_until: AwareDatetime | None = Field(
        default=None, description="For criminal_justice only (42 CFR 2.35(c)): no later than the final disposition."
    )
    signatures: Annotated[list[ConsentSignature], Field(max_length=4)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.records_from and self.records_until and self.records_from > self.records_until:
            raise ValueError("records_until must not lie before records_from")
        if self.irrevocable_until is not None and self.kind is not ConsentKind.CRIMINAL_JUSTICE:
            raise ValueError("only a criminal_justice consent may be irrevocable for a time")
        return self


class ConsentStatus(StrEnum):
    """Where a consent stands; only an active one permits anything."""

    DRAFT = "draft"
    ACTIVE = "active"
    REVOKED = "revoked"
    ENDED = "ended"
    FALSE = "false"


class Consent(ResourceModel):
    """One version of a consent; a change is a new version, and none is ever overwritten."""

    id: ConsentId
    patient_id: PatientId
    version: int
    status: ConsentStatus
    terms: ConsentTerms
    effective_at: datetime = Field(description="From when on this status holds.")
    changed_by: AccountId
    created_at: datetime


class ConsentEnd(StrEnum):
    """Why a consent ends other than by revocation or date."""

    EVENT_OCCURRED = "event_occurred"
    FOUND_FALSE = "found_false"


class ConsentEndRequest(RequestModel):
    """The event has occurred that ends the consent, or it was found to be materially false (42 CFR 2.31(c))."""

    reason: ConsentEnd


class ConsentRevocation(RequestModel):
    """A revocation in writing, and the document that proves it."""

    document_sha256: Digest


class RepresentativeKind(StrEnum):
    """By what somebody signs in a patient's place (42 CFR 2.14, 2.15)."""

    PARENT = "parent"
    GUARDIAN_OF_MINOR = "guardian_of_minor"
    GUARDIAN_OF_ADULT = "guardian_of_adult"


class RepresentativeRequest(RequestModel):
    """Somebody's authority to sign for the patient, from when until when, and the document that proves it."""

    kind: RepresentativeKind
    name: Name = Field(description="Who signs, as the document names them.")
    authority_from: AwareDatetime
    authority_until: AwareDatetime | None = None
    document_sha256: Digest

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.authority_until is not None and self.authority_until <= self.authority_from:
            raise ValueError("authority_until must lie after authority_from")
        return self


class RepresentativeEndRequest(RequestModel):
    """From when on somebody has the authority no longer, and the document that proves it."""

    until: AwareDatetime = Field(
        description="Signatures count from authority_from to before this. Where it never held, say authority_from."
    )
    document_sha256: Digest


class RepresentativeEnd(ResourceModel):
    """That an authority ended before its time, or never held."""

    until: datetime
    document_sha256: str
    ended_by: AccountId
    ended_at: datetime = Field(description="When it was entered.")


class Representative(ResourceModel):
    """An authority; it is evidence with dates, not a flag."""

    id: RepresentativeId
    patient_id: PatientId
    kind: RepresentativeKind
    name: str | None = Field(description="Null of those that were entered before names were.")
    authority_from: datetime
    authority_until: datetime | None = Field(description="As the document says that it was entered by.")
    document_sha256: str
    created_at: datetime
    end: RepresentativeEnd | None = Field(description="What holds instead of authority_until.")


class MinorConsentRuleRequest(RequestModel):
    """What a site's state says of minors, with the clause it was read in; until then no minor's consent holds."""

    site_id: SiteId
    effective_from: date
    jurisdiction: Annotated[str, StringConstraints(pattern=r"^US-[A-Z]{2}$")] | None = Field(
        default=None, description="Of a state that is known, ages that are left out are taken as they are known."
    )
    majority_age: Annotated[int, Field(ge=16, le=21)] = 18
    alone_from_age: Annotated[int | None, Field(ge=10, le=20)] = Field(
        default=None, description="From this age on a minor consents to treatment alone; null where a parent must too."
    )
    citation: Name = Field(description="The text that was read: a rule adopts what it says, and nobody else's figure.")


class MinorConsentRule(ResourceModel):
    """A site's rule on minors; the newest that is effective holds."""

    id: MinorConsentRuleId
    site_id: SiteId
    effective_from: date
    jurisdiction: str | None
    majority_age: int
    alone_from_age: int | None
    citation: str
    created_at: datetime


class RestrictionDecision(StrEnum):
    """What became of a patient's request for a restriction."""

    GRANTED = "granted"
    DECLINED = "declined"


class RestrictionRequest(RequestModel):
    """A restriction that the patient asks for (42 CFR 2.26), and what the programme decided."""

    information: Annotated[Distinct[Information], Field(min_length=1)]
    purposes: Annotated[Distinct[Purpose], Field(min_length=1)]
    recipient_ids: Annotated[Distinct[RecipientId], Field(max_length=50)] = frozenset()
    recipient_kinds: Annotated[Distinct[RecipientKind], Field(max_length=20)] = frozenset()
    records_from: Day | None = Field(
        default=None, description="Of parts that are kept day by day: the first day that is kept back."
    )
    records_until: Day | None = Field(default=None, description="The last day that is kept back.")
    paid_in_full: bool = Field(
        default=False,
        description="The patient paid for it without the health plan: of claims, what is of these days is charged to no"
        " payer.",
    )
    decision: RestrictionDecision

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.recipient_ids and not self.recipient_kinds:
            raise ValueError("recipient_ids or recipient_kinds must say from whom it is kept")
        return self

    @model_validator(mode="after")
    def _is_of_days_that_there_are(self) -> Self:
        if self.records_from and self.records_until and self.records_from > self.records_until:
            raise ValueError("records_until must not lie before records_from")
        if (self.records_from or self.records_until) and self.information & TOLD_AS_IT_STANDS:
            raise ValueError(
                "records_from and records_until are for parts that are kept day by day: demographics, scheduling,"
                " treatment_plan and diagnoses are kept back whole, in a restriction of their own"
            )
        return self


class Restriction(ResourceModel):
    """A restriction; while it is granted it wins over every consent, and over nothing that rests on none."""

    id: RestrictionId
    patient_id: PatientId
    information: list[Information]
    purposes: list[Purpose]
    recipient_ids: list[RecipientId]
    recipient_kinds: list[RecipientKind]
    records_from: date | None
    records_until: date | None = Field(description="With neither day, all of the parts is kept back.")
    paid_in_full: bool
    decision: RestrictionDecision
    created_at: datetime
    ended_at: datetime | None
