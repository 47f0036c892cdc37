"""Organizations over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.organizations import OpenOrganization, Organization, OrganizationRequest
from services.contracts.identifiers import OrganizationId
from services.gateway.dependencies import Organizations
from services.gateway.dependencies.emergencies import OpenOrganizations

router = APIRouter(prefix="/v1/organizations", tags=["organizations"], route_class=IdempotentRoute)
open_router = APIRouter(prefix="/v1/open_organizations", tags=["internal"], route_class=IdempotentRoute)


@router.post("", operation_id="create_organization", status_code=201, responses=documented(401, 403))
async def create_organization(
    request: OrganizationRequest, organizations: Organizations, principal: Caller, response: Response
) -> Organization:
    """Create an organization. Its first account is created under it by the platform operator."""
    organization = await organizations.create(request, principal=principal)
    response.headers["location"] = f"/v1/organizations/{organization.id}"
    return organization


@router.get("/{organization_id}", operation_id="read_organization", responses=documented(401, 403, 404))
async def read_organization(
    organization_id: OrganizationId, organizations: Organizations, principal: Caller
) -> Organization:
    """Read your own organization."""
    return await organizations.read(organization_id, principal=principal)


@open_router.get("/{organization_id}", operation_id="read_open_organization", responses=documented(404))
async def read_open_organization(organization_id: OrganizationId, organizations: OpenOrganizations) -> OpenOrganization:
    """Learn whether an organization lets people in; services ask, for those who come without a token."""
    return await organizations.one(organization_id)
