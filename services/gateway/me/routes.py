"""The caller over HTTP."""

from fastapi import APIRouter

from services.chassis.wiring import Caller, documented
from services.contracts.gateway.login import Me

router = APIRouter(tags=["login"])


@router.get("/v1/me", operation_id="read_me", responses=documented(401, 403))
async def read_me(principal: Caller) -> Me:
    """Read who you are, where, and the roles you hold."""
    return Me(
        account_id=principal.account_id,
        organization_id=principal.organization_id,
        roles=sorted(principal.roles),
    )
