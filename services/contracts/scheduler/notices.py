"""Notices: what patients and practitioners are told of their appointments, and what became of telling them."""

import re
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, StringConstraints, ValidationInfo, field_validator, model_validator

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, NoticeId, PatientId, PractitionerId, SiteId

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


class NoticeKind(StrEnum):
    """What a notice is about; the last two are about the schedule of a practitioner, and for nobody else."""

    SESSION_ADDED = "session_added"
    SESSION_CHANGED = "session_changed"
    SESSION_CANCELLED = "session_cancelled"
    MAKE_UP = "make_up"
    CLOSURE = "closure"
    REMINDER = "reminder"
    OFFER = "offer"
    SEAT_FILLED = "seat_filled"
    WEEK_PUBLISHED = "week_published"
    RIDE_CHANGED = "ride_changed"
    RIDE_CANCELLED = "ride_cancelled"
    OWN_SCHEDULE_SET = "own_schedule_set"
    OWN_SCHEDULE_CHANGED = "own_schedule_changed"


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
    NOT_OPTED_IN = "not_opted_in"
    QUIET_HOURS = "quiet_hours"
    NO_PROVIDER = "no_provider"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    UNDELIVERABLE = "undeliverable"
    SESSION_GONE = "session_gone"
    CANCELLED_BY_STAFF = "cancelled_by_staff"
    RECORD_SEALED = "record_sealed"


class NoticeLanguage(StrEnum):
    """The languages that notices are written in (BCP 47)."""

    ENGLISH = "en"
    SPANISH = "es"


class Notice(ResourceModel):
    """One message to one person: to a patient, or to a practitioner."""

    id: NoticeId
    site_id: SiteId
    patient_id: PatientId | None
    practitioner_id: PractitionerId | None
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


class NoticePreview(ResourceModel):
    """What one patient would be told; nothing of it is stored or sent."""

    patient_id: PatientId
    kind: NoticeKind
    language: NoticeLanguage
    body: str
    opted_in: bool = Field(description="Whether the patient has agreed to be written to; else nothing is sent.")


class NoticePreviews(ResourceModel):
    """What everybody would be told, in the order of patients."""

    items: list[NoticePreview]
    told: int = Field(description="How many of the messages go to people who have agreed to be written to.")


class NoticeChannel(StrEnum):
    """By which way a patient is written to."""

    SMS = "sms"
    EMAIL = "email"


def _refuse_seconds(value: time | None) -> time | None:
    if value is not None and (value.tzinfo is not None or value.second or value.microsecond):
        raise ValueError("is wall time of the site's zone: send HH:MM without an offset")
    return value


class WrittenTo(RequestModel):
    """How somebody has agreed to be written to."""

    channel: NoticeChannel
    address: Annotated[str, StringConstraints(max_length=254)] | None = Field(
        description="For sms a number as E.164 writes it, such as +12125550100; for email the address."
    )
    language: NoticeLanguage = NoticeLanguage.ENGLISH
    opted_in: bool = Field(description="Whether the person has agreed to be written to at this address.")
    quiet_from: time | None = Field(
        default=None, description="With quiet_until: nothing is sent from here, besides the organization's own hours."
    )
    quiet_until: time | None = None

    @field_validator("address")
    @classmethod
    def _fits_the_channel(cls, address: str | None, info: ValidationInfo) -> str | None:
        channel = info.data.get("channel")
        if address is not None and channel is NoticeChannel.SMS and _E164.fullmatch(address) is None:
            raise ValueError("must be a telephone number with its country, such as +12125550100")
        if address is not None and channel is NoticeChannel.EMAIL and _EMAIL.fullmatch(address) is None:
            raise ValueError("must be an email address, such as name@example.org")
        return address

    @field_validator("opted_in")
    @classmethod
    def _has_an_address(cls, opted_in: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        if opted_in and "address" in info.data and info.data["address"] is None:
            raise ValueError("may be true only with an address")
        return opted_in

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _is_wall_time(cls, value: time | None) -> time | None:
        return _refuse_seconds(value)

    @model_validator(mode="after")
    def _has_both_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_until
        ):
            raise ValueError("quiet_from and quiet_until come together and differ")
        return self


class NoticePreferenceRequest(WrittenTo):
    """How a patient has agreed to be written to; without the opt-in nothing is sent (47 CFR 64.1200(a))."""

    reminder_hours: Annotated[int, Field(ge=1, le=168)] | None = Field(
        default=24, description="How long before an appointment to remind of it; null for never."
    )


class NoticePreference(ResourceModel):
    """How a patient is written to, and since when the patient agrees to it."""

    patient_id: PatientId
    channel: NoticeChannel
    address: str | None
    language: NoticeLanguage
    opted_in: bool
    opted_in_at: datetime | None
    recorded_by: AccountId | None = Field(description="Who recorded it; null where the patient's own answer did.")
    quiet_from: time | None
    quiet_until: time | None
    reminder_hours: int | None
    version: int
    updated_at: datetime


class NoticeProviderRequest(RequestModel):
    """Who carries the organization's messages: Standard Webhooks 1.0.0, both ways with one secret."""

    url: Annotated[str, StringConstraints(min_length=9, max_length=2048)] = Field(
        description="Where messages are sent, by https; a host of the open internet."
    )
    secret: SecretStr = Field(
        min_length=38, max_length=100, description="whsec_ and 24 to 64 random bytes in base64; never shown again."
    )
    quiet_from: time = Field(
        default=time(21), description="Nothing is sent from here, in wall time of the site (47 CFR 64.1200(c)(1))."
    )
    quiet_until: time = Field(default=time(8), description="Until here; before quiet_from means the next morning.")

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _is_wall_time(cls, value: time) -> time | None:
        return _refuse_seconds(value)

    @model_validator(mode="after")
    def _speaks_at_some_hour(self) -> Self:
        if self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until must differ")
        return self


class NoticeProvider(ResourceModel):
    """Who carries the organization's messages."""

    url: str
    quiet_from: time
    quiet_until: time
    version: int
    updated_at: datetime


class ReceiptStatus(StrEnum):
    """What a provider reports: arrived, could not be delivered, or answered with a wish to be left alone."""

    DELIVERED = "delivered"
    FAILED = "failed"
    OPTED_OUT = "opted_out"


class NoticeReceipt(RequestModel):
    """What became of a message, as its provider reports it."""

    notice_id: NoticeId = Field(description="The webhook-id with which the message came.")
    status: ReceiptStatus
