"""Applications over HTTP, for those who administer them."""

from fastapi import APIRouter, Response

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, RequiredVersion, documented, entity_tag
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
    return _tagged(client, response)


@router.get("", operation_id="list_oauth_clients", responses=documented(401, 403))
async def list_oauth_clients(clients: OauthClients, principal: Caller, page: RequestedPage) -> Page[OauthClient]:
    """List the applications that you administer, in the order they were registered."""
    return await clients.page(page, principal=principal)


@router.get("/{client_id}", operation_id="read_oauth_client", responses=documented(401, 403, 404))
async def read_oauth_client(
    client_id: OauthClientId, clients: OauthClients, principal: Caller, response: Response
) -> OauthClient:
    """Read an application that you administer."""
    return _tagged(await clients.read(client_id, principal=principal), response)


@router.post(
    "/{client_id}:confirm", operation_id="confirm_oauth_client", responses=documented(401, 403, 404, 412, 422, 428)
)
async def confirm_oauth_client(
    client_id: OauthClientId,
    clients: OauthClients,
    principal: Caller,
    version: RequiredVersion,
    response: Response,
) -> OauthClient:
    """Let an application that registered itself go on as you have read it; it would get no token after a week."""
    return _tagged(await clients.confirm(client_id, version, principal=principal), response)


@router.post("/{client_id}:disable", operation_id="disable_oauth_client", responses=documented(401, 403, 404))
async def disable_oauth_client(
    client_id: OauthClientId, clients: OauthClients, principal: Caller, response: Response
) -> OauthClient:
    """Disable an application: it gets no token any more, and those it has end."""
    return _tagged(await clients.disable(client_id, principal=principal), response)


def _tagged(client: OauthClient, response: Response) -> OauthClient:
    response.headers["etag"] = entity_tag(client.version)
    return client
