"""Sign-in over HTTP, and what was signed in."""

from fastapi import APIRouter, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.login import LoginRequest, LoginSession, OpenSession
from services.contracts.identifiers import LoginSessionId
from services.gateway.dependencies import Login, Sessions

router = APIRouter(prefix="/v1/login_sessions", tags=["login"], route_class=StrictJsonRoute)
sessions_router = APIRouter(prefix="/v1/login_sessions", tags=["login"], route_class=IdempotentRoute)


@router.post("", operation_id="create_login_session", status_code=201, responses=documented(401, 503))
async def create_login_session(request: LoginRequest, login: Login) -> LoginSession:
    """Sign in with e-mail address and password.

    Who works in several organizations and names none gets 422 with the code `organization-required` and one entry of
    `errors` for each organization: its id, then its name.
    """
    return await login.sign_in(request)


@sessions_router.get("", operation_id="list_login_sessions", responses=documented(401, 403))
async def list_login_sessions(sessions: Sessions, principal: Caller, page: RequestedPage) -> Page[OpenSession]:
    """List where you are signed in to this organization, and which of it is this very session."""
    return await sessions.page(page, principal=principal)


@sessions_router.post(
    "/{session_id}:end",
    operation_id="end_login_session",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 404),
)
async def end_login_session(session_id: LoginSessionId, sessions: Sessions, principal: Caller) -> None:
    """End one of your own sessions, this one or another; its access token is refused from now on."""
    await sessions.end(session_id, principal=principal)
