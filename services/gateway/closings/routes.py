"""Closing organizations over HTTP."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.organizations import Organization
from services.contracts.identifiers import OrganizationId
from services.gateway.dependencies import Closings

router = APIRouter(prefix="/v1/organizations", tags=["organizations"], route_class=IdempotentRoute)


@router.post("/{organization_id}:close", operation_id="close_organization", responses=documented(401, 403, 404))
async def close_organization(organization_id: OrganizationId, closings: Closings, principal: Caller) -> Organization:
    """Close an organization. Who signed in to it, and every application, is refused at once; nothing is lost.

    What asks for no token goes on: feeds by their addresses, times offered by link until they expire, and inquiries for
    a place. Delete the feeds before.
    """
    return await closings.close(organization_id, principal=principal)


@router.post("/{organization_id}:reopen", operation_id="reopen_organization", responses=documented(401, 403, 404))
async def reopen_organization(organization_id: OrganizationId, closings: Closings, principal: Caller) -> Organization:
    """Let people sign in to an organization again that was closed, with the roles they had.

    Tokens of before stay refused.
    """
    return await closings.reopen(organization_id, principal=principal)
