"""Discharge summaries: how an episode went, how it ended, and what was recommended, signed by who wrote it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, EpisodeId, PatientId
from services.contracts.records.episodes import DischargeReason
from services.contracts.records.notes import Passage
from services.contracts.rule_packs import RuleMark


class DischargeSummaryText(RequestModel):
    """What a discharge summary says; no other patient is named in it."""

    presenting: Passage = Field(description="With what the patient came.")
    course: Passage = Field(description="What treatment consisted of, and how the patient took part.")
    progress: Passage = Field(description="How far the patient came, towards each goal.")
    condition_at_discharge: Passage
    recommendations: Passage = Field(description="What is to follow: aftercare, medication, levels of care.")
    referrals: Annotated[list[Passage], Field(max_length=20)]


class DischargeSummaryAmendment(RequestModel):
    """Another version of a summary, signed by who sends it, and why."""

    text: DischargeSummaryText
    reason: Passage


class DischargeSummaryStatus(StrEnum):
    """Where a version stands."""

    AWAITING_COSIGNATURE = "awaiting_cosignature"
    """Who wrote it is supervised, and nobody who supervises them has answered for it yet."""
    SIGNED = "signed"


class DischargeSummary(ResourceModel):
    """One version of an episode's discharge summary; none is ever overwritten."""

    episode_id: EpisodeId
    patient_id: PatientId
    version: int
    status: DischargeSummaryStatus
    admitted_on: date
    discharged_on: date
    discharge_reason: DischargeReason
    text: DischargeSummaryText
    reason: str | None = Field(description="Why this version was written; null for the first.")
    signed_by: AccountId
    signed_at: datetime
    cosigned_by: AccountId | None
    cosigned_at: datetime | None
    sha256: str = Field(description="Digest of what was signed, in hexadecimal.")


class SummaryPractice(ResourceModel):
    """Within how many days after discharge a summary is there, as dated data."""

    days: int
    citation: str
    mark: RuleMark
    effective_from: date


class AwaitedSignature(StrEnum):
    """What an ended episode still lacks."""

    SUMMARY = "summary"
    COSIGNATURE = "cosignature"


class DueDischargeSummary(ResourceModel):
    """An ended episode whose summary nobody has signed, or nobody has answered for."""

    episode_id: EpisodeId
    patient_id: PatientId
    programme: str
    discharged_on: date
    version: int | None = Field(description="The newest version; null where there is none.")
    awaits: AwaitedSignature
    due_on: date
    is_overdue: bool = Field(description="The due day still counts.")


class DueDischargeSummaries(ResourceModel):
    """What summaries a site lacks of those who were discharged in the last year, the longest overdue first."""

    today: date = Field(description="By the site's zone.")
    practice: SummaryPractice
    items: list[DueDischargeSummary]
