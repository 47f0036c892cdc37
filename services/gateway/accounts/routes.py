"""Accounts over HTTP."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.organizations import Account, AccountRequest
from services.contracts.identifiers import AccountId, OrganizationId
from services.gateway.dependencies import Accounts

router = APIRouter(
    prefix="/v1/organizations/{organization_id}/accounts", tags=["accounts"], route_class=IdempotentRoute
)


@router.post("", operation_id="create_account", status_code=201, responses=documented(401, 403, 404, 409, 503))
async def create_account(
    organization_id: OrganizationId, request: AccountRequest, accounts: Accounts, principal: Caller, response: Response
) -> Account:
    """Create an account in an organization.

    An address that has an account elsewhere joins with that account's password; its password and name stay.
    """
    account = await accounts.create(organization_id, request, principal=principal)
    response.headers["location"] = f"/v1/organizations/{organization_id}/accounts/{account.id}"
    return account


@router.get("", operation_id="list_accounts", responses=documented(401, 403, 404))
async def list_accounts(
    organization_id: OrganizationId,
    accounts: Accounts,
    principal: Caller,
    page: RequestedPage,
) -> Page[Account]:
    """List the accounts of an organization in the order they were made."""
    return await accounts.page(organization_id, page, principal=principal)


@router.get("/{account_id}", operation_id="read_account", responses=documented(401, 403, 404))
async def read_account(
    organization_id: OrganizationId, account_id: AccountId, accounts: Accounts, principal: Caller
) -> Account:
    """Read an account of an organization."""
    return await accounts.read(organization_id, account_id, principal=principal)
