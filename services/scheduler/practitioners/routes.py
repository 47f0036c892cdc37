"""Practitioners over HTTP."""

from http import HTTPStatus

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import PractitionerId, SiteId
from services.contracts.scheduler.sites import Practitioner, PractitionerRequest
from services.scheduler.dependencies import Practitioners, PractitionersRead

router = APIRouter(route_class=IdempotentRoute, tags=["practitioners"])


@router.post(
    "/v1/sites/{site_id}/practitioners",
    operation_id="create_practitioner",
    status_code=HTTPStatus.CREATED,
    responses=documented(404, 422),
)
async def create_practitioner(
    site_id: SiteId, request: PractitionerRequest, practitioners: Practitioners, response: Response
) -> Practitioner:
    """Make a person who treats, with what the person may do and when the person is on shift."""
    practitioner = await practitioners.create(site_id, request)
    response.headers["Location"] = f"/v1/sites/{site_id}/practitioners/{practitioner.id}"
    return practitioner


@router.get("/v1/sites/{site_id}/practitioners", operation_id="list_practitioners", responses=documented(404, 422))
async def list_practitioners(
    site_id: SiteId, practitioners: PractitionersRead, page: RequestedPage
) -> Page[Practitioner]:
    """List the people who treat at a site."""
    return await practitioners.page(site_id, page)


@router.get(
    "/v1/sites/{site_id}/practitioners/{practitioner_id}",
    operation_id="read_practitioner",
    responses=documented(404, 422),
)
async def read_practitioner(
    site_id: SiteId, practitioner_id: PractitionerId, practitioners: PractitionersRead, response: Response
) -> Practitioner:
    """Read one person who treats at a site; the version is the ETag."""
    practitioner = await practitioners.get(site_id, practitioner_id)
    response.headers["ETag"] = entity_tag(practitioner.version)
    return practitioner
