"""Group offerings over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import GroupOfferingId, SiteId
from services.contracts.scheduler.sites import GroupOffering, GroupOfferingRequest
from services.scheduler.dependencies import GroupOfferings, GroupOfferingsRead

router = APIRouter(route_class=IdempotentRoute, tags=["group offerings"])


@router.post(
    "/v1/sites/{site_id}/group_offerings",
    operation_id="create_group_offering",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422),
)
async def create_group_offering(
    site_id: SiteId, request: GroupOfferingRequest, group_offerings: GroupOfferings, response: Response
) -> GroupOffering:
    """Make a kind of group meeting that the site may hold as often as the week needs it."""
    group_offering = await group_offerings.create(site_id, request)
    response.headers["Location"] = f"/v1/sites/{site_id}/group_offerings/{group_offering.id}"
    return group_offering


@router.get("/v1/sites/{site_id}/group_offerings", operation_id="list_group_offerings", responses=documented(404, 422))
async def list_group_offerings(
    site_id: SiteId, group_offerings: GroupOfferingsRead, page: RequestedPage
) -> Page[GroupOffering]:
    """List the group meetings that a site may hold."""
    return await group_offerings.page(site_id, page)


@router.get(
    "/v1/sites/{site_id}/group_offerings/{group_offering_id}",
    operation_id="read_group_offering",
    responses=documented(404, 422),
)
async def read_group_offering(
    site_id: SiteId, group_offering_id: GroupOfferingId, group_offerings: GroupOfferingsRead, response: Response
) -> GroupOffering:
    """Read one kind of group meeting of a site; its version is the ETag."""
    group_offering = await group_offerings.get(site_id, group_offering_id)
    response.headers["ETag"] = entity_tag(group_offering.version)
    return group_offering
