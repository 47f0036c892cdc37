"""Changes of a site's setup, and which published sessions no longer fit it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import AppointmentId, SiteId
from services.contracts.scheduler.disruptions import DisruptionKind, DisruptionReason
from services.contracts.scheduler.sites import GroupOffering, Practitioner, Room, Site
from services.contracts.vocabulary import Modality, ServiceKind


class SetupFault(StrEnum):
    """Why a published session does not fit the setup of its site."""

    SITE_NOT_OPEN = "site_not_open"
    TOO_FEW_PLACES = "too_few_places"
    ROOM_ENDED = "room_ended"
    ROOM_TOO_SMALL = "room_too_small"
    PRACTITIONER_NOT_AT_SITE = "practitioner_not_at_site"
    PRACTITIONER_OFF_SHIFT = "practitioner_off_shift"
    PRACTITIONER_DOES_NOT_SERVE = "practitioner_does_not_serve"
    PRACTITIONER_LANGUAGE = "practitioner_language"
    PRACTITIONER_HOURS = "practitioner_hours"
    NOBODY_ON_SHIFT = "nobody_on_shift"
    GROUP_ENDED = "group_ended"
    GROUP_TOO_LARGE = "group_too_large"
    GROUP_TOO_SMALL = "group_too_small"
    GROUP_NEEDS_CO_FACILITATOR = "group_needs_co_facilitator"


class SetupCollision(ResourceModel):
    """A published session that does not fit the setup; start and end carry the site's offset."""

    appointment_id: AppointmentId
    week: date
    service: ServiceKind
    modality: Modality
    start: datetime
    end: datetime
    people: int = Field(description="How many patients have a seat.")
    faults: list[SetupFault] = Field(
        description="too-few-places: more visits on site at a time than offices or family rooms. nobody-on-shift: more "
        "medication or nurse visits at a time than prescribers or nurses. practitioner-hours: more contact than the "
        "practitioner's day or week may have."
    )


class SetupRepairBody(ResourceModel):
    """The body to send; it is a DisruptionRequest."""

    site_id: SiteId
    week: date
    kind: DisruptionKind
    reason: DisruptionReason


class SetupRepair(ResourceModel):
    """What to ask for so that a week is mended to fit the setup, with the fewest people touched."""

    operation_id: str
    path: str
    body: SetupRepairBody
    base_version: int = Field(description="The published version that is mended: what If-Match names to publish it.")


class SetupCollisions(ResourceModel):
    """Published sessions ahead that do not fit the setup; they stay as they are until somebody publishes a repair."""

    count: int
    people: int = Field(description="How many patients have a seat in one of them or more.")
    sessions: list[SetupCollision] = Field(description="In order of time; the first 200 of them.")
    repairs: list[SetupRepair] = Field(description="One for each published week.")


EffectiveOn = Annotated[date, Field(description="The Monday of the first week for which the change counts.")]


class ChangedSite(ResourceModel):
    """A site as it is set up from that week on, and the sessions that fitted before and no longer do."""

    site: Site
    effective_on: EffectiveOn
    collisions: SetupCollisions


class ChangedRoom(ResourceModel):
    """A room as it is set up from that week on, and the sessions that fitted before and no longer do."""

    room: Room
    effective_on: EffectiveOn
    collisions: SetupCollisions


class ChangedPractitioner(ResourceModel):
    """A practitioner as set up from that week on, and the sessions that fitted before and no longer do."""

    practitioner: Practitioner
    effective_on: EffectiveOn
    collisions: SetupCollisions


class ChangedGroupOffering(ResourceModel):
    """A kind of group as it is set up from that week on, and the sessions that fitted before and no longer do."""

    group_offering: GroupOffering
    effective_on: EffectiveOn
    collisions: SetupCollisions
