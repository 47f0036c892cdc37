"""Registration over HTTP (RFC 7591, RFC 7592), and the permits that it takes."""

from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Header, Request, Response
from pydantic import ValidationError

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import strict_json
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.client_registrations import (
    ClientInformation,
    ClientMetadata,
    ClientUpdate,
    NewRegistrationPermit,
    RegistrationPermit,
    RegistrationPermitRequest,
)
from services.contracts.identifiers import RegistrationPermitId
from services.gateway.client_registrations.logic import Registered
from services.gateway.client_registrations.refusals import InvalidClientMetadataError
from services.gateway.client_registrations.rules import (
    METHOD,
    grant_types_told,
    member_of,
    response_types_told,
)
from services.gateway.dependencies import OauthIssuer
from services.gateway.dependencies.registrations import Permits, Registrations
from services.gateway.oauth_documents import REFUSALS
from services.gateway.oauth_refusals import NO_STORE

router = APIRouter(prefix="/oauth/register", tags=["oauth"])
permits_router = APIRouter(prefix="/v1/registration_permits", tags=["oauth"], route_class=IdempotentRoute)

_BEARER: Final = "bearer "
_Metadata = TypeVar("_Metadata", bound=ClientMetadata)
Token = Annotated[str | None, Header(alias="authorization", description="The token for this, as a bearer token.")]


def _body(model: type[ClientMetadata]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "",
    operation_id="register_oauth_client",
    status_code=HTTPStatus.CREATED,
    responses=REFUSALS,
    response_model_exclude_none=True,
    openapi_extra=_body(ClientMetadata),
)
async def register_oauth_client(
    *,
    request: Request,
    registrations: Registrations,
    issuer: OauthIssuer,
    response: Response,
    authorization: Token = None,
) -> ClientInformation:
    """Register yourself (RFC 7591), with the token of a permit, where this installation lets applications do so."""
    metadata = await _read(request, ClientMetadata)
    return _told(await registrations.register(_token(authorization), metadata), issuer, response)


@router.get(
    "/{client_id}",
    operation_id="read_client_registration",
    responses=REFUSALS,
    response_model_exclude_none=True,
)
async def read_client_registration(
    *,
    client_id: str,
    registrations: Registrations,
    issuer: OauthIssuer,
    response: Response,
    authorization: Token = None,
) -> ClientInformation:
    """Read what you are registered as (RFC 7592, 2.1)."""
    return _told(await registrations.read(client_id, _token(authorization)), issuer, response)


@router.put(
    "/{client_id}",
    operation_id="put_client_registration",
    responses=REFUSALS,
    response_model_exclude_none=True,
    openapi_extra=_body(ClientUpdate),
)
async def put_client_registration(
    *,
    client_id: str,
    request: Request,
    registrations: Registrations,
    issuer: OauthIssuer,
    response: Response,
    authorization: Token = None,
) -> ClientInformation:
    """Be another (RFC 7592, 2.2): all that you were granted ends, and an administrator confirms you again."""
    update = await _read(request, ClientUpdate)
    return _told(await registrations.replace(client_id, _token(authorization), update), issuer, response)


@router.delete(
    "/{client_id}",
    operation_id="delete_client_registration",
    status_code=HTTPStatus.NO_CONTENT,
    responses=REFUSALS,
)
async def delete_client_registration(
    *, client_id: str, registrations: Registrations, response: Response, authorization: Token = None
) -> None:
    """End your registration (RFC 7592, 2.3), and all that you were granted."""
    await registrations.end(client_id, _token(authorization))
    response.headers.update(NO_STORE)


@permits_router.post(
    "", operation_id="create_registration_permit", status_code=HTTPStatus.CREATED, responses=documented(401, 403, 422)
)
async def create_registration_permit(
    request: RegistrationPermitRequest, permits: Permits, principal: Caller
) -> NewRegistrationPermit:
    """Let applications register themselves in your organization for some scopes; the token is shown this once."""
    return await permits.create(request, principal=principal)


@permits_router.get("", operation_id="list_registration_permits", responses=documented(401, 403))
async def list_registration_permits(permits: Permits, page: RequestedPage) -> Page[RegistrationPermit]:
    """List your organization's permits, oldest first."""
    return await permits.page(page)


@permits_router.post(
    "/{permit_id}:revoke", operation_id="revoke_registration_permit", responses=documented(401, 403, 404)
)
async def revoke_registration_permit(
    permit_id: RegistrationPermitId, permits: Permits, principal: Caller
) -> RegistrationPermit:
    """Let nobody register by a permit any more."""
    return await permits.revoke(permit_id, principal=principal)


def _token(authorization: str | None) -> str:
    sent = authorization or ""
    return sent[len(_BEARER) :].strip() if sent.lower().startswith(_BEARER) else ""


async def _read(request: Request, model: type[_Metadata]) -> _Metadata:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidClientMetadataError("the body: must be application/json")
    try:
        return model.model_validate(strict_json(await request.body()))
    except ValidationError as wrong:
        raise InvalidClientMetadataError(": ".join(member_of(wrong))) from None
    except ValueError:
        raise InvalidClientMetadataError("the body: must be JSON, each member once") from None


def _told(registered: Registered, issuer: str, response: Response) -> ClientInformation:
    response.headers.update(NO_STORE)
    client = registered.client
    return ClientInformation(
        client_id=client.id,
        client_id_issued_at=int(client.created_at.timestamp()),
        registration_access_token=registered.token,
        registration_client_uri=f"{issuer}/oauth/register/{client.id}",
        client_name=client.name,
        redirect_uris=client.redirect_uris,
        grant_types=grant_types_told(client.grant_types),
        response_types=response_types_told(client.grant_types),
        token_endpoint_auth_method=METHOD,
        scope=" ".join(client.scopes),
        jwks=client.jwks,
        jwks_uri=client.jwks_uri,
        dpop_bound_access_tokens=client.dpop_bound_access_tokens,
    )
