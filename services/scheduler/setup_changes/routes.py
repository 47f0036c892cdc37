"""Changes of a site's setup over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day
from services.contracts.identifiers import GroupOfferingId, PractitionerId, RoomId, SiteId
from services.contracts.scheduler.setup_changes import (
    ChangedGroupOffering,
    ChangedPractitioner,
    ChangedRoom,
    ChangedSite,
    SetupCollisions,
)
from services.contracts.scheduler.sites import (
    GroupOfferingRequest,
    PractitionerRequest,
    RoomRequest,
    SetupOfWeek,
    SiteRequest,
)
from services.scheduler.dependencies.setup_changes import SetupChanges, SetupCollisionsRead

router = APIRouter(prefix="/v1/sites/{site_id}", route_class=IdempotentRoute, tags=["setup changes"])
_REFUSALS = documented(404, 412, 422, 428)
_EffectiveOn = Annotated[
    Day | None,
    Query(
        description="The Monday of the first week for which the change counts, in place of whatever was to change "
        "later; the current week where it is left out. Weeks before it stay as they were. Names, and the days on which "
        "something begins or ends, count at once.",
    ),
]


@router.get("/setup_collisions", operation_id="list_setup_collisions", responses=documented(404, 422))
async def list_setup_collisions(site_id: SiteId, collisions: SetupCollisionsRead) -> SetupCollisions:
    """List published sessions ahead that do not fit how the site is set up by now, and how to repair their weeks."""
    return await collisions.of_site(site_id)


@router.get("/setup", operation_id="read_setup", responses=documented(404, 422))
async def read_setup(
    site_id: SiteId,
    collisions: SetupCollisionsRead,
    week: Annotated[Day, Query(description="The Monday of the week.")],
) -> SetupOfWeek:
    """Read how a site is set up in a week, past or to come: what is planned with, and what key figures judge by."""
    return await collisions.of_week(site_id, week)


@router.put("", operation_id="put_site", responses=_REFUSALS)
async def put_site(
    *,
    site_id: SiteId,
    request: SiteRequest,
    changes: SetupChanges,
    version: RequiredVersion,
    response: Response,
    effective_on: _EffectiveOn = None,
) -> ChangedSite:
    """Change a site's opening hours and places; the answer names the published sessions that no longer fit."""
    changed = await changes.change_site(site_id, request, version, effective_on)
    response.headers["ETag"] = entity_tag(changed.site.version)
    return changed


@router.put("/rooms/{room_id}", operation_id="put_room", responses=_REFUSALS)
async def put_room(
    *,
    site_id: SiteId,
    room_id: RoomId,
    request: RoomRequest,
    changes: SetupChanges,
    version: RequiredVersion,
    response: Response,
    effective_on: _EffectiveOn = None,
) -> ChangedRoom:
    """Change a group room or end it; the answer names the published sessions that no longer fit."""
    changed = await changes.change_room(site_id, room_id, request, version, effective_on)
    response.headers["ETag"] = entity_tag(changed.room.version)
    return changed


@router.put("/practitioners/{practitioner_id}", operation_id="put_practitioner", responses=_REFUSALS)
async def put_practitioner(
    *,
    site_id: SiteId,
    practitioner_id: PractitionerId,
    request: PractitionerRequest,
    changes: SetupChanges,
    version: RequiredVersion,
    response: Response,
    effective_on: _EffectiveOn = None,
) -> ChangedPractitioner:
    """Change what somebody may do and when, or end it; the answer names the published sessions that no longer fit."""
    changed = await changes.change_practitioner(site_id, practitioner_id, request, version, effective_on)
    response.headers["ETag"] = entity_tag(changed.practitioner.version)
    return changed


@router.put("/group_offerings/{group_offering_id}", operation_id="put_group_offering", responses=_REFUSALS)
async def put_group_offering(
    *,
    site_id: SiteId,
    group_offering_id: GroupOfferingId,
    request: GroupOfferingRequest,
    changes: SetupChanges,
    version: RequiredVersion,
    response: Response,
    effective_on: _EffectiveOn = None,
) -> ChangedGroupOffering:
    """Change the sizes of a kind of group or end it; the answer names the published sessions that no longer fit."""
    changed = await changes.change_group_offering(site_id, group_offering_id, request, version, effective_on)
    response.headers["ETag"] = entity_tag(changed.group_offering.version)
    return changed
