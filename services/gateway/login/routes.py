"""Sign-in over HTTP, and what was signed in."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Response, status

from services.chassis.errors import InvalidRequestError
from services.chassis.idempotency import IdempotentRoute
from services.chassis.json_body import StrictJsonRoute
from services.chassis.paging import RequestedPage
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page
from services.contracts.gateway.login import LoginRequest, LoginSession, OpenSession, RefreshRequest, StepUpRequest
from services.contracts.gateway.passkeys import PasskeyLoginRequest
from services.contracts.identifiers import LoginSessionId
from services.gateway.dependencies import Attempts, Login, Sessions
from services.gateway.login.cookies import COOKIE, forget, keep, keep_device, secret_of

router = APIRouter(prefix="/v1/login_sessions", tags=["login"], route_class=StrictJsonRoute)
sessions_router = APIRouter(prefix="/v1/login_sessions", tags=["login"], route_class=IdempotentRoute)
SessionCookie = Annotated[str | None, Cookie(alias=COOKIE, include_in_schema=False)]


@router.post("", operation_id="create_login_session", status_code=201, responses=documented(401, 429, 503))
async def create_login_session(
    request: LoginRequest, login: Login, attempts: Attempts, response: Response
) -> LoginSession:
    """Sign in with e-mail address and password.

    Who works in several organizations and names none gets 422 with the code `organization-required` and one entry of
    `errors` for each organization: its id, then its name. Who has a second factor and sends no code of it gets 401 with
    the code `second-factor-required`. Guessing is slowed down: see `Retry-After` of 429.
    """
    session = await login.sign_in(request)
    answer = keep(response, session) if request.keep_in == "cookie" else session
    keep_device(response, attempts.devices)
    return answer


@router.post(
    ":with_passkey",
    operation_id="create_login_session_with_passkey",
    status_code=201,
    responses=documented(401, 429),
)
async def create_login_session_with_passkey(
    request: PasskeyLoginRequest, login: Login, attempts: Attempts, response: Response
) -> LoginSession:
    """Sign in with a passkey, for options of `/v1/passkey_challenges`; it counts as two factors.

    Who works in several organizations and names none gets 422 as with a password, and sends the same answer again.
    """
    session = await login.sign_in_with_passkey(request)
    answer = keep(response, session) if request.keep_in == "cookie" else session
    keep_device(response, attempts.devices)
    return answer


@router.post(":refresh", operation_id="refresh_login_session", responses=documented(401, 429))
async def refresh_login_session(
    request: RefreshRequest, login: Login, response: Response, cookie: SessionCookie = None
) -> LoginSession:
    """Get the next access token of a session, before it was idle for too long.

    A program sends its `session_secret`. A browser sends its cookie by itself, and `csrf_token` with it.
    """
    if request.session_secret is not None:
        return await login.refresh(request.session_secret.get_secret_value())
    if request.csrf_token is None:
        raise InvalidRequestError("/session_secret", "send it, or with a session's cookie its csrf_token")
    return keep(response, await login.refresh(secret_of(cookie, request.csrf_token.get_secret_value())))


@sessions_router.get("", operation_id="list_login_sessions", responses=documented(401, 403))
async def list_login_sessions(sessions: Sessions, principal: Caller, page: RequestedPage) -> Page[OpenSession]:
    """List where you are signed in to this organization, and which of it is this very session."""
    return await sessions.page(page, principal=principal)


@sessions_router.post(
    "/{session_id}:step_up", operation_id="step_up_login_session", responses=documented(401, 403, 404, 429)
)
async def step_up_login_session(
    session_id: LoginSessionId, request: StepUpRequest, login: Login, principal: Caller
) -> LoginSession:
    """Prove a second factor once more, within the session of this very token, and get a token that tells so.

    This is how to go on where an answer says `insufficient_user_authentication` (RFC 9470).
    """
    return await login.step_up(session_id, request, principal=principal)


@sessions_router.post(
    "/{session_id}:end",
    operation_id="end_login_session",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 404),
)
async def end_login_session(
    session_id: LoginSessionId,
    sessions: Sessions,
    principal: Caller,
    response: Response,
    cookie: SessionCookie = None,
) -> None:
    """End one of your own sessions, this one or another; its access tokens are refused from now on."""
    await sessions.end(session_id, principal=principal)
    forget(response, session_id, cookie)
