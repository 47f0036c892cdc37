"""Notices: what patients are told of their appointments, and what became of telling them."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import AppointmentId, NoticeId, PatientId, SiteId


class NoticeKind(StrEnum):
    """What a notice is about."""

    SESSION_ADDED = "session_added"
    SESSION_CHANGED = "session_changed"
    SESSION_CANCELLED = "session_cancelled"
    MAKE_UP = "make_up"
    CLOSURE = "closure"
    REMINDER = "reminder"
    OFFER = "offer"
    SEAT_FILLED = "seat_filled"
    WEEK_PUBLISHED = "week_published"


class NoticeStatus(StrEnum):
    """Where a notice stands; `sent` means that the delivery provider has taken it, `held` that quiet hours keep it."""

    QUEUED = "queued"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class NoticeReason(StrEnum):
    """Why a notice is where it is, where that needs saying."""

    SUPERSEDED = "superseded"
    NOTHING_CHANGED = "nothing_changed"
    TOO_LATE = "too_late"


class NoticeLanguage(StrEnum):
    """The languages that notices are written in (BCP 47)."""

    ENGLISH = "en"
    SPANISH = "es"


class Notice(ResourceModel):
    """One message to one patient."""

    id: NoticeId
    site_id: SiteId
    patient_id: PatientId
    appointment_id: AppointmentId | None
    kind: NoticeKind
    status: NoticeStatus
    reason: NoticeReason | None
    language: NoticeLanguage
    body: str = Field(description="The text as it is sent: it names no treatment, programme or reason.")
    deliver_after: datetime
    expires_at: datetime
    attempts: int
    superseded_by: NoticeId | None = Field(description="The newer notice about the same appointment.")
    created_at: datetime
    sent_at: datetime | None = Field(description="When the delivery provider took it.")
    delivered_at: datetime | None = Field(description="When the delivery provider says that it arrived.")
