"""Devices without a keyboard over HTTP: what one asks for, and the page where a person lets it in (RFC 8628)."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from services.contracts.gateway.oauth_tokens import DeviceAuthorization
from services.gateway.authorize.cookies import browser_of, keep_browser
from services.gateway.authorize.rules import RefusedRequestError, UnknownRedirectError
from services.gateway.authorize.showing import ANSWERS, html, shown
from services.gateway.authorize.steps import Browser
from services.gateway.dependencies import Authorization, BrowserPerson, ClientAuthenticator, Login
from services.gateway.dependencies.providers import ProviderSignIns
from services.gateway.device_page.pages import code_page, outcome_page
from services.gateway.errors import TriedTooOftenError
from services.gateway.oauth_documents import REFUSALS, form
from services.gateway.oauth_forms import parse_parameters, read_form, single
from services.gateway.oauth_refusals import NO_STORE, InvalidOauthRequestError, InvalidScopeError, OauthRefusalError

router = APIRouter(prefix="/oauth", tags=["oauth"])

_QUERY: Final = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in ("user_code", "allowed", "error")
    ]
}


@router.post(
    "/device_authorization",
    operation_id="authorize_device",
    responses=REFUSALS,
    openapi_extra=form("client_id", "scope", "aud", "client_assertion_type", "client_assertion", required=("scope",)),
)
async def authorize_device(
    request: Request, authorization: Authorization, clients: ClientAuthenticator, response: Response
) -> DeviceAuthorization:
    """Get a code for a device to show, and one to ask the token endpoint with, every `interval` seconds (RFC 8628).

    Only applications that are registered for devices may.
    """
    parameters = single(await read_form(request))
    client = await clients.authenticate(parameters)
    try:
        begun = await authorization.begin_device(client, parameters)
    except RefusedRequestError as refusal:
        raise (
            InvalidScopeError if refusal.error == "invalid_scope" else InvalidOauthRequestError(refusal.description)
        ) from None
    response.headers.update(NO_STORE)
    return begun


@router.get(
    "/device", operation_id="open_device_page", response_class=HTMLResponse, responses=ANSWERS, openapi_extra=_QUERY
)
async def open_device_page(request: Request) -> Response:
    """Ask a person for the code that a device shows; with a browser, which can send the form from then on."""
    try:
        parameters = single(parse_parameters(request.scope["query_string"].decode("ascii")))
    except OauthRefusalError:
        parameters = {}
    if "allowed" in parameters or "error" in parameters:
        return html(outcome_page(is_allowed="error" not in parameters), HTTPStatus.OK)
    return _asked(browser_of(request, None), HTTPStatus.OK, user_code=parameters.get("user_code", ""))


@router.post(
    "/device",
    operation_id="enter_device_code",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=form("user_code", "csrf_token", required=("user_code", "csrf_token")),
)
async def enter_device_code(
    *, request: Request, authorization: Authorization, login: Login, offering: ProviderSignIns, person: BrowserPerson
) -> Response:
    """Take the code that a person typed; the page's form sends this, and sign-in and consent follow.

    What another site lets a browser send has no token of the page, and is asked for the code here: it counts nowhere.
    """
    browser = browser_of(request, person)
    try:
        sent = single(await read_form(request))
        if not browser.is_csrf_token(sent.get("csrf_token", "")):
            return _asked(browser, HTTPStatus.BAD_REQUEST, "Type the code here, on the page that you have opened.")
        typed = sent.get("user_code", "")
        return await shown(await authorization.begin_with_user_code(typed, browser), browser, login, offering)
    except TriedTooOftenError:
        message = "Too many codes were wrong. Try again in a quarter of an hour."
        return _asked(browser, HTTPStatus.TOO_MANY_REQUESTS, message)
    except (UnknownRedirectError, OauthRefusalError):
        message = "No device shows this code now. Look again, or start over there."
        return _asked(browser, HTTPStatus.BAD_REQUEST, message)


def _asked(browser: Browser, status: HTTPStatus, message: str = "", *, user_code: str = "") -> Response:
    response = html(code_page(browser.csrf_token, user_code, message), status)
    keep_browser(response, browser)
    return response
