"""Family and friends: who they are to a patient, what may be said to each, and family counselling month by month."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import Day, Name, RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import (
    AccountId,
    ConsentId,
    EncounterId,
    PatientId,
    RecipientId,
    RelatedPersonId,
)
from services.contracts.rule_packs import RuleMark
from services.contracts.vocabulary import Jurisdiction


class Relationship(StrEnum):
    """What somebody is to the patient."""

    PARENT = "parent"
    SPOUSE_OR_PARTNER = "spouse_or_partner"
    CHILD = "child"
    SIBLING = "sibling"
    OTHER_RELATIVE = "other_relative"
    FRIEND = "friend"
    SPONSOR = "sponsor"


class RelatedPersonRequest(RequestModel):
    """Somebody close to the patient; to be listed here gives them no right to be told anything."""

    recipient_id: RecipientId = Field(description="Their entry among the recipients, as family or friend.")
    relationship: Relationship
    is_emergency_contact: bool = False
    takes_part: bool = Field(default=False, description="In family sessions or multi-family groups, by their own wish.")
    note: Name | None = None


class RelatedPerson(ResourceModel):
    """Somebody close to the patient."""

    id: RelatedPersonId
    patient_id: PatientId
    recipient_id: RecipientId
    relationship: Relationship
    is_emergency_contact: bool
    takes_part: bool
    note: str | None
    created_by: AccountId
    created_at: datetime
    ended_at: datetime | None


class FamilyPermission(ResourceModel):
    """Whether one part of the record may be told to a related person now, and if not, what would have to be there."""

    information: Information
    is_allowed: bool
    rule: str | None = Field(description="The rule that denies; null where it is allowed.")
    clause: str | None
    remedy: str | None = Field(description="How it could be allowed.")
    consent_id: ConsentId | None = Field(description="The consent that it rests on.")
    consent_version: int | None


class FamilyPermissions(ResourceModel):
    """What may be said to one related person; listening to them needs no consent. What is told is a disclosure."""

    related_person_id: RelatedPersonId
    patient_id: PatientId
    recipient_id: RecipientId
    items: list[FamilyPermission]


class FamilyExemptionReason(StrEnum):
    """Why a month goes without family counselling."""

    REFUSED = "refused"
    CONTRAINDICATED = "contraindicated"


class FamilyExemptionRequest(RequestModel):
    """That a month goes without family counselling, and why."""

    month: Day = Field(description="Any day of it.")
    reason: FamilyExemptionReason
    explanation: Name


class FamilyExemption(ResourceModel):
    """That a month goes without family counselling, and why."""

    patient_id: PatientId
    month: date = Field(description="Its first day.")
    reason: FamilyExemptionReason
    explanation: str
    decided_by: AccountId
    decided_at: datetime


class FamilyRule(ResourceModel):
    """That family counselling is held each month, as dated data."""

    jurisdiction: Jurisdiction
    title: str
    sessions_fewest: Annotated[int, Field(ge=1)]
    citation: str
    mark: RuleMark
    effective_from: date


class FamilyMonthStatus(StrEnum):
    """Where a month of family counselling stands."""

    HELD = "held"
    EXEMPT = "exempt"
    DUE = "due"
    """The month is not over."""
    MISSED = "missed"


class FamilyMonth(ResourceModel):
    """One month of an admission."""

    month: date = Field(description="Its first day.")
    status: FamilyMonthStatus
    encounter_ids: list[EncounterId]
    exempt_because: FamilyExemptionReason | None


class DueFamilyCounselling(ResourceModel):
    """A patient in treatment of whom this month's family counselling is not held yet, or some month's was missed."""

    patient_id: PatientId
    is_due: bool = Field(description="Whether it is still to be held, or exempted, in the month that runs.")
    missed: list[date] = Field(description="The first days of the months of this stay without it, oldest first.")


class DueFamilyCounsellings(ResourceModel):
    """What a site's state wants of family counselling, and of whom it is lacking."""

    jurisdiction: str | None
    rule: FamilyRule | None = Field(description="Null where none is known for the jurisdiction: then nothing is due.")
    items: list[DueFamilyCounselling]


class FamilyCounselling(ResourceModel):
    """A patient's family counselling month by month while admitted, and the rule that asks for it."""

    patient_id: PatientId
    jurisdiction: str | None = Field(
        description="Where the patient's site is, by its rule settings; null where nobody has set it up."
    )
    rule: FamilyRule | None = Field(description="Null where none is known for the jurisdiction: then nothing is due.")
    months: list[FamilyMonth]
