"""A device, as the rest of the authorization server speaks of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.identifiers import GrantId, OauthClientId, OrganizationId


class DeviceStatus(StrEnum):
    """What the person has decided, and whether the device has its tokens."""

    PENDING = "pending"
    ALLOWED = "allowed"
    DECLINED = "declined"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Device:
    """A device that waits, or that a person has decided about."""

    client_id: OauthClientId
    scopes: tuple[str, ...]
    status: DeviceStatus
    organization_id: OrganizationId | None
    grant_id: GrantId | None
    interval: timedelta
    polled_at: datetime | None
    expires_at: datetime
