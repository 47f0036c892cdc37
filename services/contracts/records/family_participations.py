"""Who of a patient's family takes part in what, by whose agreement, and whether they may today."""

from datetime import date, datetime
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from services.contracts.base import Day, Page, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, FamilyParticipationId, PatientId, RelatedPersonId


class FamilyParticipationKind(StrEnum):
    """In what somebody takes part."""

    FAMILY_SESSION = "family_session"
    MULTI_FAMILY_GROUP = "multi_family_group"
    """Several families together: whoever comes learns who else is in treatment, and promises to keep it.

    So it takes a consent to their learning it, whose recipient_kinds name multi_family_group (42 CFR 2.31(a)(4)).
    """


class FamilyParticipationRequest(RequestModel):
    """The patient agrees that somebody takes part, who in a multi-family group promises to keep what is said there."""

    kind: FamilyParticipationKind
    patient_agreed_on: Day
    promised_on: Day | None = Field(
        default=None, description="When the person promised to keep what they learn of other families."
    )

    @model_validator(mode="after")
    def _promises_where_others_are(self) -> Self:
        if (self.promised_on is None) is (self.kind is FamilyParticipationKind.MULTI_FAMILY_GROUP):
            raise ValueError("promised_on goes with a multi_family_group, and with nothing else")
        return self


class FamilyParticipation(ResourceModel):
    """That somebody takes part, as the patient has agreed to."""

    id: FamilyParticipationId
    related_person_id: RelatedPersonId
    patient_id: PatientId
    kind: FamilyParticipationKind
    patient_agreed_on: date
    promised_on: date | None
    recorded_by: AccountId
    recorded_at: datetime
    ended_at: datetime | None
    may_take_part: bool = Field(
        description="Today: whoever sits with the patient, the other families of a group among them, learns that they"
        " attend, so that a consent must cover it now."
    )
    rule: str | None = Field(description="The rule that keeps them out; null where none does, or where it has ended.")
    clause: str | None
    remedy: str | None


FamilyParticipations = Page[FamilyParticipation]
