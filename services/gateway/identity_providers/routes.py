"""Identity providers over HTTP, for those who administer them, and a person's own links with them."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.identity_providers import (
    IdentityLink,
    IdentityProvider,
    IdentityProviderActivation,
    IdentityProviderRequest,
)
from services.contracts.identifiers import IdentityProviderId
from services.gateway.dependencies.providers import IdentityProviders

router = APIRouter(prefix="/v1", tags=["identity providers"], route_class=IdempotentRoute)


@router.post(
    "/identity_providers",
    operation_id="create_identity_provider",
    status_code=201,
    responses=documented(401, 403, 422),
)
async def create_identity_provider(
    request: IdentityProviderRequest, providers: IdentityProviders, principal: Caller, response: Response
) -> IdentityProvider:
    """Register a provider of your organization.

    Register `redirect_uri` and `jwks` of the answer with the provider, and activate it here with what that calls us.
    """
    provider = await providers.create(request, principal=principal)
    response.headers["location"] = f"/v1/identity_providers/{provider.id}"
    return provider


@router.post(
    "/identity_providers/{provider_id}:activate",
    operation_id="activate_identity_provider",
    responses=documented(401, 403, 404, 409, 422),
)
async def activate_identity_provider(
    provider_id: IdentityProviderId,
    request: IdentityProviderActivation,
    providers: IdentityProviders,
    principal: Caller,
) -> IdentityProvider:
    """Let people of your organization sign in with a provider, once each has linked the account."""
    return await providers.activate(provider_id, request, principal=principal)


@router.get("/identity_providers", operation_id="list_identity_providers", responses=documented(401, 403))
async def list_identity_providers(providers: IdentityProviders, page: RequestedPage) -> Page[IdentityProvider]:
    """List the providers of your organization in the order they were registered."""
    return await providers.page(page)


@router.get(
    "/identity_providers/{provider_id}", operation_id="read_identity_provider", responses=documented(401, 403, 404)
)
async def read_identity_provider(provider_id: IdentityProviderId, providers: IdentityProviders) -> IdentityProvider:
    """Read a provider of your organization."""
    return await providers.read(provider_id)


@router.post(
    "/identity_providers/{provider_id}:disable",
    operation_id="disable_identity_provider",
    responses=documented(401, 403, 404),
)
async def disable_identity_provider(
    provider_id: IdentityProviderId, providers: IdentityProviders, principal: Caller
) -> IdentityProvider:
    """Let nobody sign in with a provider any more. Sessions that are open stay so: disable accounts to end them."""
    return await providers.disable(provider_id, principal=principal)


@router.get("/me/identity_links", operation_id="list_my_identity_links", responses=documented(401, 403))
async def list_my_identity_links(providers: IdentityProviders, principal: Caller) -> Page[IdentityLink]:
    """List the providers that you sign in with."""
    return Page(items=await providers.links(principal=principal), next_page_token=None)


@router.post(
    "/me/identity_links/{provider_id}:remove",
    operation_id="remove_my_identity_link",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 404),
)
async def remove_my_identity_link(
    provider_id: IdentityProviderId, providers: IdentityProviders, principal: Caller
) -> None:
    """Sign in with a provider no more; another may be linked then."""
    await providers.unlink(provider_id, principal=principal)
