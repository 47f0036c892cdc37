"""Sites and rooms over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import RoomId, SiteId
from services.contracts.scheduler.sites import Room, RoomRequest, Site, SiteRequest
from services.scheduler.dependencies import Sites, SitesRead

router = APIRouter(route_class=IdempotentRoute, tags=["sites"])


@router.post("/v1/sites", operation_id="create_site", status_code=HTTPStatus.CREATED, responses=documented(422))
async def create_site(request: SiteRequest, sites: Sites, response: Response) -> Site:
    """Make a place of treatment with its opening hours in wall time of its zone."""
    site = await sites.create(request)
    response.headers["Location"] = f"/v1/sites/{site.id}"
    return site


@router.get("/v1/sites", operation_id="list_sites", responses=documented(422))
async def list_sites(sites: SitesRead, page: RequestedPage) -> Page[Site]:
    """List the sites of the organization."""
    return await sites.page(page)


@router.get("/v1/sites/{site_id}", operation_id="read_site", responses=documented(404, 422))
async def read_site(site_id: SiteId, sites: SitesRead, response: Response) -> Site:
    """Read one site; its version is the ETag."""
    site = await sites.get(site_id)
    response.headers["ETag"] = entity_tag(site.version)
    return site


@router.post(
    "/v1/sites/{site_id}/rooms",
    operation_id="create_room",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422),
)
async def create_room(site_id: SiteId, request: RoomRequest, sites: Sites, response: Response) -> Room:
    """Make a group room; its capacity counts members, not practitioners."""
    room = await sites.create_room(site_id, request)
    response.headers["Location"] = f"/v1/sites/{site_id}/rooms/{room.id}"
    return room


@router.get("/v1/sites/{site_id}/rooms", operation_id="list_rooms", responses=documented(404, 422))
async def list_rooms(site_id: SiteId, sites: SitesRead, page: RequestedPage) -> Page[Room]:
    """List the group rooms of a site."""
    return await sites.page_of_rooms(site_id, page)


@router.get("/v1/sites/{site_id}/rooms/{room_id}", operation_id="read_room", responses=documented(404, 422))
async def read_room(site_id: SiteId, room_id: RoomId, sites: SitesRead, response: Response) -> Room:
    """Read one group room; its version is the ETag."""
    room = await sites.room(site_id, room_id)
    response.headers["ETag"] = entity_tag(room.version)
    return room
