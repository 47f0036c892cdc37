"""The authorization endpoint over HTTP: redirects and pages for a browser, JSON for applications and front ends."""

from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Request, Response, status
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import Caller, documented
from services.contracts.base import Page as PageOf
from services.contracts.gateway.authorize import Launch, LaunchRequest, OauthConsent
from services.contracts.gateway.login import LoginRequest, LoginSession
from services.contracts.gateway.oauth_tokens import PushedAuthorization
from services.contracts.gateway.passkeys import PasskeyLoginRequest
from services.contracts.identifiers import OauthClientId, PatientId
from services.gateway.authorize.cookies import browser_of
from services.gateway.authorize.page import SignInForm, refusal_page
from services.gateway.authorize.rules import PUSHED_LIFETIME, RefusedRequestError, UnknownRedirectError
from services.gateway.authorize.showing import ANSWERS, html, shown
from services.gateway.authorize.steps import Browser, Decision, ShowSignIn, Turning
from services.gateway.dependencies import (
    Agreements,
    Attempts,
    Authorization,
    BrowserPerson,
    ClientAuthenticator,
    Login,
    PushedProofs,
)
from services.gateway.dependencies.providers import ProviderSignIns
from services.gateway.errors import (
    CredentialsRefusedError,
    OrganizationRequiredError,
    OverloadedError,
    PasskeyRefusedError,
    SecondFactorRequiredError,
    TriedTooOftenError,
)
from services.gateway.login.cookies import keep as keep_session
from services.gateway.login.cookies import keep_device
from services.gateway.oauth_documents import REFUSALS, form
from services.gateway.oauth_forms import parse_parameters, read_form, single
from services.gateway.oauth_refusals import NO_STORE, InvalidOauthRequestError, OauthRefusalError

router = APIRouter(prefix="/oauth", tags=["oauth"])
people_router = APIRouter(tags=["oauth"], route_class=IdempotentRoute)

_PARAMETERS: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "aud", "launch", "code_challenge",
    "code_challenge_method", "prompt", "max_age", "acr_values", "dpop_jkt", "request_uri",
)  # fmt: skip
_SIGN_IN: Final = ("email", "password", "organization_id", "one_time_code", "recovery_code")
_QUERY: Final = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in _PARAMETERS
    ]
}


@router.get(
    "/authorize",
    operation_id="open_authorization",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=_QUERY,
)
async def open_authorization(
    *, request: Request, authorization: Authorization, login: Login, offering: ProviderSignIns, person: BrowserPerson
) -> Response:
    """Ask a person for access (RFC 6749, 4.1.1); with a browser."""
    browser = browser_of(request, person)
    try:
        parameters = single(parse_parameters(request.scope["query_string"].decode("ascii")))
        return await shown(await authorization.begin(parameters, browser), browser, login, offering)
    except (UnknownRedirectError, OauthRefusalError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)


@router.post(
    "/authorize",
    operation_id="post_authorization",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=form(*_PARAMETERS),
)
async def post_authorization(
    *, request: Request, authorization: Authorization, login: Login, offering: ProviderSignIns, person: BrowserPerson
) -> Response:
    """Ask a person for access, with the parameters in a form (SMART App Launch 2.2, authorize-post)."""
    browser = browser_of(request, person)
    try:
        return await shown(
            await authorization.begin(single(await read_form(request)), browser), browser, login, offering
        )
    except (UnknownRedirectError, OauthRefusalError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)


@router.post(
    "/authorize/sign_in",
    operation_id="sign_in_to_authorize",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=form("request", *_SIGN_IN, "passkey", required=("request",)),
)
async def sign_in_to_authorize(
    *,
    request: Request,
    authorization: Authorization,
    login: Login,
    offering: ProviderSignIns,
    attempts: Attempts,
    person: BrowserPerson,
) -> Response:
    """Sign in on the page; its form sends this."""
    browser = browser_of(request, person)
    try:
        fields = single(await read_form(request))
        handle = fields.get("request", "")
        step = await authorization.resume(handle, Browser(browser.secret, None))
        if not isinstance(step, ShowSignIn):
            return await shown(step, browser, login, offering)
        session = await _sign_in(login, fields, browser)
        if isinstance(session, SignInForm):
            return await shown(step, browser, login, offering, session)
        signed_in = browser_of(request, await login.person(session.session_secret or ""))
        response = await shown(await authorization.resume(handle, signed_in), signed_in, login, offering)
    except (UnknownRedirectError, OauthRefusalError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)
    keep_session(response, session)
    keep_device(response, attempts.devices)
    return response


@router.post(
    "/authorize/decision",
    operation_id="decide_authorization",
    response_class=HTMLResponse,
    responses=ANSWERS,
    openapi_extra=form("request", "decision", "scope", "patient_id", "more", required=("request",)),
)
async def decide_authorization(
    *, request: Request, authorization: Authorization, login: Login, offering: ProviderSignIns, person: BrowserPerson
) -> Response:
    """Allow or decline on the page, or ask for `more` patients to choose from; its form sends this."""
    browser = browser_of(request, person)
    try:
        fields = await read_form(request, repeated=frozenset({"scope"}))
        scopes = frozenset(fields.pop("scope", []))
        values = single(fields)
        handle = values.get("request", "")
        if "more" in values:
            turning = Turning(values["more"] or None, scopes)
            return await shown(await authorization.resume(handle, browser, turning), browser, login, offering)
        decision = Decision(values.get("decision") == "allow", scopes, _patient(values.get("patient_id")))
        step = await authorization.decide(handle, browser, decision)
        return await shown(step, browser, login, offering)
    except (UnknownRedirectError, OauthRefusalError):
        return html(refusal_page(), HTTPStatus.BAD_REQUEST)


@router.post(
    "/par",
    operation_id="push_authorization",
    status_code=201,
    responses=REFUSALS,
    openapi_extra=form(*_PARAMETERS, "client_assertion_type", "client_assertion", required=("client_id",)),
)
async def push_authorization(
    *,
    request: Request,
    authorization: Authorization,
    clients: ClientAuthenticator,
    proofs: PushedProofs,
    response: Response,
    dpop: Annotated[str | None, Header()] = None,
) -> PushedAuthorization:
    """Push the parameters of an authorization, so that a browser need not carry them (RFC 9126).

    A proof of possession in `DPoP` binds the code to its key, as `dpop_jkt` does (RFC 9449, 10.1).
    """
    parameters = single(await read_form(request))
    client = await clients.authenticate(parameters)
    parameters = await proofs.with_key(dpop, parameters)
    try:
        request_uri = await authorization.push(client, parameters)
    except UnknownRedirectError:
        raise InvalidOauthRequestError("redirect_uri must be one of the application's own.") from None
    except RefusedRequestError as refusal:
        raise InvalidOauthRequestError(refusal.description) from None
    response.headers.update(NO_STORE)
    return PushedAuthorization(request_uri=request_uri, expires_in=int(PUSHED_LIFETIME.total_seconds()))


@people_router.post(
    "/v1/launches", operation_id="create_launch", status_code=201, responses=documented(401, 403, 404, 422, 503)
)
async def create_launch(request: LaunchRequest, agreements: Agreements, principal: Caller) -> Launch:
    """Start an application from a patient's chart; open its launch URL with `iss` and `launch`."""
    return await agreements.launch(request, principal=principal)


@people_router.get("/v1/oauth_consents", operation_id="list_oauth_consents", responses=documented(401, 403))
async def list_oauth_consents(agreements: Agreements, principal: Caller) -> PageOf[OauthConsent]:
    """List what you let applications do without being asked again."""
    return PageOf(items=await agreements.agreements(principal=principal), next_page_token=None)


@people_router.post(
    "/v1/oauth_consents/{client_id}:revoke",
    operation_id="revoke_oauth_consent",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(401, 403, 404),
)
async def revoke_oauth_consent(client_id: OauthClientId, agreements: Agreements, principal: Caller) -> None:
    """Take back what you let an application do; what it has of you ends at once."""
    await agreements.revoke(client_id, principal=principal)


async def _sign_in(login: Login, fields: dict[str, str], browser: Browser) -> LoginSession | SignInForm:
    """Sign in with what the page sent, or return what to ask for once more."""
    wants_code = bool(fields.keys() & {"one_time_code", "recovery_code"})
    try:
        if "passkey" in fields:
            return await login.sign_in_with_passkey(_passkey_of(fields), browser=browser.secret)
        return await login.sign_in(LoginRequest.model_validate({n: fields[n] for n in _SIGN_IN if n in fields}))
    except ValidationError:
        return SignInForm(CredentialsRefusedError().detail, wants_code=wants_code)
    except SecondFactorRequiredError:
        return SignInForm("Enter your password again, with a code of your second factor.", wants_code=True)
    except OrganizationRequiredError as refusal:
        found = [field.detail.split(" ", 1) for field in refusal.errors]
        message = "You work in several organizations: choose one, and sign in again."
        return SignInForm(message, [(one[0], one[1]) for one in found], wants_code)
    except (CredentialsRefusedError, PasskeyRefusedError, TriedTooOftenError, OverloadedError) as refusal:
        return SignInForm(refusal.detail, wants_code=wants_code)


def _passkey_of(fields: dict[str, str]) -> PasskeyLoginRequest:
    try:
        credential = orjson.loads(fields["passkey"])
    except ValueError:
        credential = None
    return PasskeyLoginRequest.model_validate(
        {"credential": credential, "organization_id": fields.get("organization_id")}
    )


def _patient(text: str | None) -> PatientId | None:
    try:
        return None if text is None else PatientId(UUID(text))
    except ValueError:
        return None
