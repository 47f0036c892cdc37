"""Memberships over HTTP."""

from fastapi import APIRouter

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.organizations import Account, RolesRequest
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.dependencies import Memberships

router = APIRouter(
    prefix="/v1/organizations/{organization_id}/accounts", tags=["accounts"], route_class=IdempotentRoute
)


@router.put("/{account_id}/roles", operation_id="put_account_roles", responses=documented(401, 403, 404, 422))
async def put_account_roles(
    organization_id: OrganizationId,
    account_id: AccountId,
    request: RolesRequest,
    memberships: Memberships,
    principal: Caller,
) -> Account:
    """Give a member exactly these roles. Their access with the roles before ends at once, in every service."""
    return await memberships.put_roles(organization_id, account_id, request, principal=principal)
