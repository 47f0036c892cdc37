"""Token exchange over HTTP."""

from fastapi import APIRouter

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.tokens import InternalToken, TokenExchangeRequest
from services.gateway.dependencies import InternalTokens

router = APIRouter(prefix="/v1/internal_tokens", tags=["internal"], route_class=StrictJsonRoute)


@router.post(":exchange", operation_id="exchange_internal_token", responses=documented(401, 403))
async def exchange_internal_token(
    request: TokenExchangeRequest, tokens: InternalTokens, principal: Caller
) -> InternalToken:
    """Exchange the internal token that a service was called with for one of another service."""
    return tokens.exchange(request, principal=principal)
