"""What staff see of their own work, and how they hear that it changes."""

from datetime import date, datetime, time
from enum import StrEnum

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, PractitionerId, RoomId, SiteId
from services.contracts.scheduler.notices import NoticeChannel, NoticeLanguage, WrittenTo
from services.contracts.vocabulary import Modality, ServiceKind


class PractitionerAccountRequest(RequestModel):
    """Says whose account a practitioner signs in with."""

    account_id: AccountId | None = Field(description="Null where it is nobody's any more.")


class PractitionerAccount(ResourceModel):
    """Whose account a practitioner signs in with."""

    practitioner_id: PractitionerId
    account_id: AccountId | None


class SessionPart(StrEnum):
    """What a practitioner does in a session."""

    LEAD = "lead"
    CO_FACILITATOR = "co_facilitator"


class OwnSession(ResourceModel):
    """A session that the caller leads or helps to lead; nobody in it is named."""

    appointment_id: AppointmentId
    site_id: SiteId
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    room_id: RoomId | None
    part: SessionPart
    taken: int


class OwnWeek(ResourceModel):
    """What the caller does in a week, at every site; times have the site's offset."""

    week: date
    practitioner_ids: list[PractitionerId] = Field(
        description="Who the caller is by what is set up; empty until an administrator has said so."
    )
    sessions: list[OwnSession]


class OwnNoticePreferenceRequest(WrittenTo):
    """How the caller wishes to hear that their week is set, or has changed; without the opt-in nothing is sent."""


class OwnNoticePreference(ResourceModel):
    """How the caller hears that their week is set, or has changed."""

    account_id: AccountId
    channel: NoticeChannel
    address: str | None
    language: NoticeLanguage
    opted_in: bool
    quiet_from: time | None
    quiet_until: time | None
    version: int
    updated_at: datetime
