"""How a browser is answered: with a page, or sent on."""

from http import HTTPStatus
from typing import Any, Final, Protocol

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.chassis.wiring import documented
from services.contracts.identifiers import OrganizationId
from services.gateway.authorize.cookies import keep_browser
from services.gateway.authorize.page import FIRST_TRY, Page, Providers, SignInForm, consent_page, sign_in_page
from services.gateway.authorize.steps import Browser, GoTo, ShowConsent, Step
from services.gateway.login.logic import LoginLogic

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "A page for the person", "content": {"text/html": {}}},
    303: {"description": "Back to the application"},
    400: {"description": "A page that says why nothing is sent anywhere", "content": {"text/html": {}}},
    **documented(429),
}


class Offering(Protocol):
    """Knows with which providers people of an organization may sign in."""

    async def offered(self, organization_id: OrganizationId | None) -> Providers:
        """Return them by name; none where the application is no organization's."""


async def shown(
    step: Step, browser: Browser, login: LoginLogic, offering: Offering, form: SignInForm = FIRST_TRY
) -> Response:
    """Answer a browser with the next step, and let it keep its secret."""
    response: Response
    if isinstance(step, GoTo):
        response = RedirectResponse(step.uri, status_code=HTTPStatus.SEE_OTHER)
    elif isinstance(step, ShowConsent):
        response = html(consent_page(step))
    else:
        options = await login.passkey_options(browser=browser.secret)
        providers = await offering.offered(step.client.organization_id)
        response = html(sign_in_page(step, options.public_key, providers, form))
    keep_browser(response, browser)
    return response


def html(page: Page, status_code: int = HTTPStatus.OK) -> Response:
    """Answer with a page, under its own policy."""
    return HTMLResponse(page.html, status_code=status_code, headers={"content-security-policy": page.policy})
