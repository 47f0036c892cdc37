"""Changing one's password over HTTP."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.login import PasswordChangeRequest
from services.gateway.dependencies import COUNTED, PasswordChanges

router = APIRouter(prefix="/v1/me", tags=["login"], route_class=IdempotentRoute)


@router.post(
    ":change_password",
    operation_id="change_my_password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 429, 503),
    dependencies=[COUNTED],
)
async def change_my_password(request: PasswordChangeRequest, changes: PasswordChanges, principal: Caller) -> None:
    """Change your password. Wherever else you are signed in, in any organization, you are not any more."""
    await changes.change(request, principal=principal)
