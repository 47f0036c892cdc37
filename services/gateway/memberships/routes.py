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


@router.post("/{account_id}:disable", operation_id="disable_account", responses=documented(401, 403, 404))
async def disable_account(
    organization_id: OrganizationId, account_id: AccountId, memberships: Memberships, principal: Caller
) -> Account:
    """Shut a member out of the organization. Their access ends at once, in every service; they cannot sign in here."""
    return await memberships.disable(organization_id, account_id, principal=principal)


@router.post("/{account_id}:enable", operation_id="enable_account", responses=documented(401, 403, 404))
async def enable_account(
    organization_id: OrganizationId, account_id: AccountId, memberships: Memberships, principal: Caller
) -> Account:
    """Let a member who was shut out sign in again, with the roles they had."""
    return await memberships.enable(organization_id, account_id, principal=principal)
