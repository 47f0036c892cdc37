"""The way to an organization's provider and back, with a browser."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.chassis.errors import NotFoundError
from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.gateway.identity_providers import IdentityLinkBegun, IdentityLinkRequest
from services.contracts.identifiers import IdentityProviderId
from services.gateway.authorize.cookies import browser_of, keep_browser
from services.gateway.authorize.page import refusal_page
from services.gateway.authorize.rules import UnknownRedirectError
from services.gateway.authorize.showing import ANSWERS, html, shown
from services.gateway.authorize.steps import Browser, ShowSignIn
from services.gateway.dependencies import COUNTED, Authorization, BrowserPerson, Login
from services.gateway.dependencies.providers import ProviderSignIns
from services.gateway.errors import ProviderRefusedError
from services.gateway.login.cookies import keep as keep_session
from services.gateway.oauth_forms import parse_parameters, single
from services.gateway.oauth_refusals import OauthRefusalError
from services.gateway.provider_sign_ins.logic import LIFETIME
from services.gateway.provider_sign_ins.pages import linked_page, refused_page

router = APIRouter(tags=["identity providers"])
people_router = APIRouter(prefix="/v1/me", tags=["identity providers"], route_class=IdempotentRoute)


def _query(*names: str) -> dict[str, object]:
    return {"parameters": [{"name": n, "in": "query", "required": False, "schema": {"type": "string"}} for n in names]}


_WAITING: Final = _query("request")
_BROUGHT: Final = _query("code", "state", "iss", "error")


@router.get(
    "/oauth/identity_providers/{provider_id}",
    operation_id="open_identity_provider",
    response_class=HTMLResponse,
    responses={**ANSWERS, 303: {"description": "To the provider"}},
    openapi_extra=_WAITING,
)
async def open_identity_provider(
    provider_id: IdentityProviderId, request: Request, authorization: Authorization, sign_ins: ProviderSignIns
) -> Response:
    """Sign in with a provider instead of a password; the sign-in page's links lead here."""
    browser = browser_of(request, None)
    try:
        handle = single(parse_parameters(request.scope["query_string"].decode("ascii"))).get("request", "")
        step = await authorization.resume(handle, browser)
        if not isinstance(step, ShowSignIn) or step.client.organization_id is None:
            return html(refusal_page(), HTTPStatus.BAD_REQUEST)
        url = await sign_ins.begin(
            step.client.organization_id,
            provider_id,
            browser.secret,
            handle,
            is_anew="login" in step.asked.prompt,
            max_age=step.asked.max_age,
        )
    except (UnknownRedirectError, OauthRefusalError, NotFoundError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)
    except ProviderRefusedError as refusal:
        return html(refused_page(refusal.detail), HTTPStatus.BAD_REQUEST)
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER)


@router.get(
    "/oauth/identity_providers/{provider_id}/callback",
    operation_id="come_back_from_identity_provider",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=_BROUGHT,
)
async def come_back_from_identity_provider(
    *,
    provider_id: IdentityProviderId,
    request: Request,
    authorization: Authorization,
    sign_ins: ProviderSignIns,
    login: Login,
) -> Response:
    """Come back from a provider; it sends the browser here (OpenID Connect Core 1.0, 3.1.2.5)."""
    browser = browser_of(request, None)
    try:
        parameters = single(parse_parameters(request.scope["query_string"].decode("ascii")))
        came = await sign_ins.come_back(provider_id, parameters, browser.secret)
        if came is None:
            return html(linked_page())
        # Whose request is over gets no session: this browser would not have it.
        await authorization.resume(came.handle, browser)
        session = await sign_ins.sign_in(came)
        person = await login.person(session.session_secret or "")
        signed_in = Browser(browser.secret, None if person is None else person.principal)
        step = await authorization.resume(came.handle, signed_in)
        response = await shown(step, signed_in, login, sign_ins)
    except ProviderRefusedError as refusal:
        return html(refused_page(refusal.detail), HTTPStatus.BAD_REQUEST)
    except (UnknownRedirectError, OauthRefusalError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)
    keep_session(response, session)
    return response


@people_router.post(
    "/identity_links",
    operation_id="create_my_identity_link",
    status_code=201,
    responses=documented(401, 403, 404, 429, 503),
    dependencies=[COUNTED],
)
async def create_my_identity_link(
    *,
    body: IdentityLinkRequest,
    request: Request,
    response: Response,
    sign_ins: ProviderSignIns,
    person: BrowserPerson,
    principal: Caller,
) -> IdentityLinkBegun:
    """Begin to link your account with a provider: send the browser that got this answer to `authorization_url`.

    From then on you may sign in with it. Who has one-time codes here may only where the provider proves two factors.
    """
    browser = browser_of(request, person)
    url = await sign_ins.begin_link(body, browser.secret, principal=principal)
    keep_browser(response, browser)
    return IdentityLinkBegun(authorization_url=url, expires_in=int(LIFETIME.total_seconds()))
