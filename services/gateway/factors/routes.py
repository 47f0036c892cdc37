"""Second factors over HTTP."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.factors import Factors, RecoveryCodes, TotpConfirmation, TotpEnrolment, TotpRequest
from services.gateway.dependencies import COUNTED, SecondFactors

router = APIRouter(prefix="/v1/me", tags=["login"], route_class=IdempotentRoute)


@router.get("/factors", operation_id="read_my_factors", responses=documented(401, 403))
async def read_my_factors(factors: SecondFactors, principal: Caller) -> Factors:
    """Read which second factors you have."""
    return await factors.show(principal=principal)


@router.post(
    "/totp",
    operation_id="create_my_totp",
    status_code=201,
    responses=documented(401, 403, 409, 429, 503),
    dependencies=[COUNTED],
)
async def create_my_totp(request: TotpRequest, factors: SecondFactors, principal: Caller) -> TotpEnrolment:
    """Begin to set up one-time codes; they count once `/v1/me/totp:confirm` was sent a code of them."""
    return await factors.begin(request, principal=principal)


@router.post(
    "/totp:confirm", operation_id="confirm_my_totp", responses=documented(401, 403, 429), dependencies=[COUNTED]
)
async def confirm_my_totp(request: TotpConfirmation, factors: SecondFactors, principal: Caller) -> RecoveryCodes:
    """Confirm one-time codes with one of them; every sign-in asks for one from now on. Keep the recovery codes."""
    return await factors.confirm(request, principal=principal)


@router.post("/totp:remove", operation_id="remove_my_totp", status_code=204, responses=documented(401, 403, 404))
async def remove_my_totp(factors: SecondFactors, principal: Caller) -> None:
    """Remove your one-time codes and recovery codes; asks for a second factor of the last five minutes."""
    await factors.remove(principal=principal)


@router.post(
    "/recovery_codes:renew",
    operation_id="renew_my_recovery_codes",
    status_code=status.HTTP_200_OK,
    responses=documented(401, 403, 404),
)
async def renew_my_recovery_codes(factors: SecondFactors, principal: Caller) -> RecoveryCodes:
    """Get fresh recovery codes instead of those before; asks for a second factor of the last five minutes."""
    return await factors.renew_recovery_codes(principal=principal)
