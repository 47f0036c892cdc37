"""New passwords by link over HTTP."""

from fastapi import APIRouter, status

from services.chassis.json_body import StrictJsonRoute
from services.chassis.wiring import documented
from services.contracts.gateway.password_resets import (
    PasswordResetAsked,
    PasswordResetRedemption,
    PasswordResetRequest,
)
from services.gateway.dependencies import PasswordResets

router = APIRouter(prefix="/v1/password_resets", tags=["login"], route_class=StrictJsonRoute)


@router.post(
    "",
    operation_id="create_password_reset",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(422, 429, 503),
)
async def create_password_reset(request: PasswordResetRequest, resets: PasswordResets) -> PasswordResetAsked:
    """Ask for a letter with a link that gives a new password. The answer is the same for every address."""
    return await resets.ask(request)


@router.post(
    ":redeem",
    operation_id="redeem_password_reset",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(403, 422, 429, 503),
)
async def redeem_password_reset(request: PasswordResetRedemption, resets: PasswordResets) -> None:
    """Choose a new password with the secret of a link. Wherever you are signed in, you are not any more.

    A second factor stays, and is asked for when you sign in.
    """
    await resets.redeem(request)
