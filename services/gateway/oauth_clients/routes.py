"""Applications over HTTP, for those who administer them."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientRequest
from services.contracts.identifiers import OauthClientId
from services.gateway.dependencies import OauthClients

router = APIRouter(prefix="/v1/oauth_clients", tags=["oauth"], route_class=IdempotentRoute)


@router.post("", operation_id="create_oauth_client", status_code=201, responses=documented(401, 403, 422))
async def create_oauth_client(
    request: OauthClientRequest, clients: OauthClients, principal: Caller, response: Response
) -> OauthClient:
    """Register an application of your organization; a platform operator registers those of the installation."""
    client = await clients.create(request, principal=principal)
    response.headers["location"] = f"/v1/oauth_clients/{client.id}"
    return client


@router.get("", operation_id="list_oauth_clients", responses=documented(401, 403))
async def list_oauth_clients(clients: OauthClients, principal: Caller, page: RequestedPage) -> Page[OauthClient]:
    """List the applications that you administer, in the order they were registered."""
    return await clients.page(page, principal=principal)


@router.get("/{client_id}", operation_id="read_oauth_client", responses=documented(401, 403, 404))
async def read_oauth_client(client_id: OauthClientId, clients: OauthClients, principal: Caller) -> OauthClient:
    """Read an application that you administer."""
    return await clients.read(client_id, principal=principal)


@router.post("/{client_id}:confirm", operation_id="confirm_oauth_client", responses=documented(401, 403, 404))
async def confirm_oauth_client(client_id: OauthClientId, clients: OauthClients, principal: Caller) -> OauthClient:
    """Let an application that registered itself go on: it would get no token any more after a week."""
    return await clients.confirm(client_id, principal=principal)


@router.post("/{client_id}:disable", operation_id="disable_oauth_client", responses=documented(401, 403, 404))
async def disable_oauth_client(client_id: OauthClientId, clients: OauthClients, principal: Caller) -> OauthClient:
    """Disable an application: it gets no token any more, and those it has end."""
    return await clients.disable(client_id, principal=principal)
