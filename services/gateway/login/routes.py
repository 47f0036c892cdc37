"""Sign-in over HTTP."""

from fastapi import APIRouter

from services.chassis.wiring import documented
from services.contracts.gateway.login import LoginRequest, LoginSession
from services.gateway.dependencies import Login

router = APIRouter(prefix="/v1/login_sessions", tags=["login"])


@router.post("", operation_id="create_login_session", status_code=201, responses=documented(401, 503))
async def create_login_session(request: LoginRequest, login: Login) -> LoginSession:
    """Sign in with e-mail address and password.

    Who works in several organizations and names none gets 422 with the code `organization-required` and one entry of
    `errors` for each organization: its id, then its name.
    """
    return await login.sign_in(request)
