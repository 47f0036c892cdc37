"""Offers of free seats: several people who wait are asked at once, and the first who accepts has the seat."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AppointmentId, OfferBatchId, OfferId, PatientId, SiteId, WaitlistEntryId
from services.contracts.scheduler.transport import SeatedRequest

_People = Annotated[int, Field(ge=1, le=20)]
_Minutes = Annotated[
    int, Field(ge=5, le=2880, description="How long an answer counts; never past the session's start.")
]


class OfferBatchRequest(RequestModel):
    """Asks people who wait whether they want a free seat of a session."""

    seats: Annotated[int, Field(ge=1, le=20)] = 1
    entry_ids: Annotated[
        list[WaitlistEntryId] | None,
        Field(min_length=1, max_length=20, description="Whom to ask; null for those whom the rank names first."),
    ] = None
    people: _People = Field(default=5, description="How many to ask at once where entry_ids is null.")
    minutes: _Minutes = 120


class OfferRuleRequest(RequestModel):
    """Says whether a site offers a seat by itself when it is given back, and to how many."""

    enabled: bool
    people: _People = 5
    minutes: _Minutes = 120
    notice_minutes: Annotated[
        int, Field(ge=0, le=10080, description="A session that begins sooner is left to the front desk.")
    ] = 180


class OfferRule(ResourceModel):
    """A site's rule for seats that are given back."""

    site_id: SiteId
    enabled: bool
    people: int
    minutes: int
    notice_minutes: int


class OfferBatchStatus(StrEnum):
    """Where a batch stands."""

    OPEN = "open"
    FILLED = "filled"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferStatus(StrEnum):
    """Where one person's offer stands; `filled` is what the others get when somebody was faster."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FILLED = "filled"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Offer(ResourceModel):
    """One person's offer; staff see it, the person sees only a time."""

    id: OfferId
    batch_id: OfferBatchId
    entry_id: WaitlistEntryId
    patient_id: PatientId
    rank: int
    status: OfferStatus
    decided_at: datetime | None


class OfferAcceptance(SeatedRequest):
    """Accepts an offer."""


class OfferBatch(ResourceModel):
    """Free seats of one session, offered to several people at once."""

    id: OfferBatchId
    site_id: SiteId
    appointment_id: AppointmentId
    seats: int
    accepted: int
    status: OfferBatchStatus
    automatic: bool
    expires_at: datetime
    created_at: datetime
    offers: list[Offer]


class OfferLink(ResourceModel):
    """A secret with which the person answers without signing in; shown once, and kept nowhere."""

    token: str
    expires_at: datetime


_Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")]


class TimeQuestion(RequestModel):
    """Asks what a secret is for."""

    token: _Token


class TimeAnswerKind(StrEnum):
    """What the person says."""

    ACCEPT = "accept"
    DECLINE = "decline"


class TimeAnswer(RequestModel):
    """Answers with a secret."""

    token: _Token
    answer: TimeAnswerKind


class OfferedTime(ResourceModel):
    """What the holder of a secret may know: a time, and whether it is still theirs to take; never of what or where."""

    status: OfferStatus
    start: datetime
    end: datetime
    answer_by: datetime
