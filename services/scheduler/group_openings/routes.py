"""Group openings over HTTP."""

from datetime import date

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import BearerToken, RequiredVersion, documented, entity_tag
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.group_openings import GroupOpeningRequest, OpenedGroup
from services.scheduler.dependencies.group_openings import GroupOpenings
from services.scheduler.timetables.documenting import MOVED_WEEK
from services.scheduler.transport.documenting import NO_RIDE

router = APIRouter(route_class=IdempotentRoute, tags=["timetables"])


@router.post(
    "/v1/sites/{site_id}/timetables/{week}:open_group",
    operation_id="open_group",
    responses=documented(404, 422, 428, 503) | MOVED_WEEK | NO_RIDE,
)
async def open_group(
    *,
    site_id: SiteId,
    week: date,
    request: GroupOpeningRequest,
    openings: GroupOpenings,
    version: RequiredVersion,
    token: BearerToken,
    response: Response,
) -> OpenedGroup:
    """Open one group more in a published week, as a new version of it, with seats for those who lack it.

    If-Match names the version that is published. Capacity advice says which group serves the most, and what to send.
    """
    opened = await openings.open(site_id, week, request, expected_version=version, caller_token=token)
    response.headers["ETag"] = entity_tag(opened.timetable.version)
    return opened
