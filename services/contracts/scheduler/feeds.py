"""Feeds: what a calendar program subscribes to."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, FeedId


class FeedSubject(StrEnum):
    """Whose sessions a feed has."""

    PATIENT = "patient"
    PRACTITIONER = "practitioner"
    ROOM = "room"
    SITE = "site"


class FeedRequest(RequestModel):
    """Asks for a feed; who knows its address sees when, and nothing of what."""

    subject: FeedSubject
    subject_id: UUID
    shows_location: bool = Field(
        default=False,
        description="Whether the names of site and room are told; the name alone may tell what it is for.",
    )


class Feed(ResourceModel):
    """A feed; its address is shown once, when it is made or changed."""

    id: FeedId
    subject: FeedSubject
    subject_id: UUID
    shows_location: bool
    created_at: datetime
    created_by: AccountId
    rotated_at: datetime = Field(description="When the address was last changed.")


class FeedLink(Feed):
    """A feed with its address, which is a secret: it is not kept, and cannot be shown again."""

    path: str = Field(description="Follows the address of the API: the whole is what a calendar program subscribes to.")
