"""The token endpoint, revocation and introspection over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from services.contracts.gateway.oauth_tokens import Introspection, OauthTokens
from services.gateway.dependencies import OauthTokensService
from services.gateway.oauth_documents import REFUSALS, form
from services.gateway.oauth_forms import read_form, single
from services.gateway.oauth_refusals import NO_STORE

router = APIRouter(prefix="/oauth", tags=["oauth"])

_CLIENT: Final = ("client_id", "client_assertion_type", "client_assertion")


@router.post(
    "/token",
    operation_id="create_oauth_token",
    responses=REFUSALS,
    response_model_exclude_none=True,
    openapi_extra=form(
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "device_code", "scope", *_CLIENT,
        required=("grant_type",),
    ),
)  # fmt: skip
async def create_oauth_token(
    request: Request, tokens: OauthTokensService, response: Response, dpop: Annotated[str | None, Header()] = None
) -> OauthTokens:
    """Get tokens for a code, a refresh token, or as a service (RFC 6749; SMART App Launch 2.2).

    With a proof of possession in `DPoP` they are bound to its key (RFC 9449, 5); it needs the nonce of `DPoP-Nonce`.
    """
    given = await tokens.give(single(await read_form(request)), dpop)
    response.headers.update(NO_STORE)
    return given


@router.post(
    "/revoke",
    operation_id="revoke_oauth_token",
    responses=REFUSALS,
    openapi_extra=form("token", "token_type_hint", *_CLIENT, required=("token",)),
)
async def revoke_oauth_token(request: Request, tokens: OauthTokensService) -> Response:
    """End what a token belongs to: its whole family, and the access that came of it (RFC 7009)."""
    await tokens.revoke(single(await read_form(request)))
    return Response(headers=NO_STORE)


@router.post(
    "/introspect",
    operation_id="introspect_oauth_token",
    responses=REFUSALS,
    response_model_exclude_none=True,
    openapi_extra=form("token", "token_type_hint", *_CLIENT, required=("token",)),
)
async def introspect_oauth_token(request: Request, tokens: OauthTokensService, response: Response) -> Introspection:
    """Ask what a token is good for (RFC 7662); for applications that prove themselves by a signature."""
    known = await tokens.introspect(single(await read_form(request)))
    response.headers.update(NO_STORE)
    return known
